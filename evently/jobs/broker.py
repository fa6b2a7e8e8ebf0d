"""The jobs' connection to Redis."""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as BrokerGone


class Channel(redis.Channel):
    """A channel whose connection was lost says so.

    Kombu's own looks up the address of a connection that is no more, when the worker gives back or
    acknowledges what it had in hand: an AttributeError, which ends the worker. An error of the
    connection is one that kombu and Celery expect (celery/celery#9250).
    """

    def _connparams(self, *args: Any, **options: Any) -> Any:
        if self.connection is None or self.connection.client is None:
            raise BrokerGone("The connection to the broker is closed.")
        return super()._connparams(*args, **options)  # type: ignore[misc] # not in its stubs


class Transport(redis.Transport):
    Channel = Channel
