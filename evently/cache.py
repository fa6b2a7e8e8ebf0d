"""The cache in Redis, for a day on which Redis is out."""

from typing import Any

from django_redis.cache import RedisCache


class OpenCache(RedisCache):  # type: ignore[misc]
    """Without Redis `add` says yes.

    The rate limits of allauth use it as a lock and take a no for "somebody else is at it": a log-in
    would first wait and then be refused. Whoever needs a lock that holds uses PostgreSQL.
    """

    def add(self, *args: Any, **kwargs: Any) -> bool:
        added: bool | None = super().add(*args, **kwargs)
        return True if added is None else added
