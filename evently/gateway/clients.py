"""Who a request comes from, behind the proxies in `TRUSTED_PROXIES`.

Everything that looks at the address sees the same one: Django, the brake on log-ins, the limits.
"""

from collections.abc import Awaitable
from functools import lru_cache
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.conf import settings

from evently.networks import Address, parse_address


class Clients:
    """Sets the client's address from X-Forwarded-For when a trusted proxy has written it."""

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner
        self._proxies = settings.TRUSTED_PROXIES
        self._is_trusted = lru_cache(maxsize=1024)(self._look_up)

    def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Awaitable[None]:
        if self._proxies and scope["type"] != "lifespan" and scope.get("client"):
            scope = self._with_client(scope)
        return self.inner(scope, receive, send)

    def _with_client(self, scope: Any) -> Any:
        passed = _forwarded_for(scope)
        peer = parse_address(scope["client"][0]) if passed else None
        client = peer and self._find_client(peer, passed)
        return scope if client == peer else {**scope, "client": (str(client), 0)}

    def _find_client(self, peer: Address, passed: list[str]) -> Address:
        """Go back from proxy to proxy, to the first that is none of ours or cannot be read."""
        while passed and self._is_trusted(peer):
            before = parse_address(passed.pop())
            if before is None:
                break
            peer = before
        return peer

    def _look_up(self, address: Address) -> bool:
        return any(address in network for network in self._proxies)


def is_address_known(scope: Any) -> bool:
    """Whether the scope's address is the client's, and not that of a proxy that is none of ours.

    A request that came through a proxy has X-Forwarded-For; `Clients` has put the address from
    there in its place, with port 0, when the proxy is trusted.
    """
    return scope["client"][1] == 0 or not _forwarded_for(scope)


def _forwarded_for(scope: Any) -> list[str]:
    values = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return b",".join(values).decode("latin1").split(",") if values else []
