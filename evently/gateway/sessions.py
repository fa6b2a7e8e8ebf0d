"""Whose session a cookie names, as far as Redis knows.

A cookie is believed when it names a session in which somebody is logged in; an invented one is
nobody's. Sessions lie in the cache (`settings.SESSION_ENGINE`). One that is not there, because
Redis was emptied, is a stranger's until Django has found it in the database and kept it again.
"""

import logging
import re
from collections.abc import MutableMapping
from importlib import import_module
from typing import Any

from cachetools import TTLCache
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.cache import caches
from redis.exceptions import RedisError

from evently.breaker import Breaker
from evently.gateway.judge import PAUSE_SECONDS, quick_redis

logger = logging.getLogger(__name__)

# Django's own form of a key; anything else is not looked up.
KEY = re.compile(r"[a-z0-9]{32}")
REMEMBERED = 10_000
OWNER_SECONDS = 30.0
STRANGER_SECONDS = 2.0


class Sessions:
    """Belongs to one event loop."""

    def __init__(self, url: str) -> None:
        self._redis = quick_redis(url)
        self._breaker = Breaker(pause=PAUSE_SECONDS)
        self._owners: MutableMapping[str, str] = TTLCache(REMEMBERED, OWNER_SECONDS)
        self._strangers: MutableMapping[str, str] = TTLCache(REMEMBERED, STRANGER_SECONDS)
        engine: Any = import_module(settings.SESSION_ENGINE)
        self._prefix: str = engine.SessionStore.cache_key_prefix
        # The client that knows how Django's cache names and packs what it keeps.
        self._cache: Any = caches[settings.SESSION_CACHE_ALIAS].client  # type: ignore[attr-defined]

    async def find_owner(self, key: str) -> str:
        """The id of the person who is logged in by this session; empty for a stranger's."""
        if not KEY.fullmatch(key):
            return ""
        known = self._owners.get(key) or self._strangers.get(key)
        if known is not None or self._breaker.is_open:
            return known or ""
        try:
            kept = await self._redis.get(self._cache.make_key(self._prefix + key))
        except (RedisError, OSError) as error:
            self._breaker.trip()
            logger.warning("Sessions cannot be looked up, Redis is out: %s", error)
            return ""
        session = self._cache.decode(kept) if kept else {}
        owner = str(session.get(SESSION_KEY, ""))
        (self._owners if owner else self._strangers)[key] = owner
        return owner

    async def close(self) -> None:
        await self._redis.aclose()
