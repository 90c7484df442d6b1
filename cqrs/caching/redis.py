"""Kept answers in Redis, shared by all processes.

Every key has a generation, a random text, and an answer is kept together with those of its keys:
it is good as long as they are the same. They are looked up *before* the database is read, so an
answer that was read before a commit and kept after the news of it is never given. To invalidate is
to delete generations: what nobody keeps costs nothing, and one that Redis evicts or loses makes
answers old, never young.

Without Redis everything is read from the database.
"""

import secrets
import threading
import time
from collections.abc import Iterable
from functools import cache
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from cqrs.caching.entries import NO_ANSWER, Answer, CacheSlot, Lookup, pack, unpack
from cqrs.conf import conf
from cqrs.database.breaker import Breaker
from cqrs.notifications.changes import projection_of

PREFIX = "kept:1:"  # another number for another format: processes of two versions may share Redis
TIMEOUT_S = 0.25
GENERATION_S = 3_600
RENEWALS = 5  # a busy answer is renewed, up to so many times its duration

Generation = list[bytes]

log = structlog.get_logger("cqrs.caching")
reading, invalidating = Breaker(redis.RedisError), Breaker(redis.RedisError)


class RedisCache:
    """Durations slide: an answer that is given in the second half of its time gets a new one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owed: set[str] = set()

    def find(self, slot: CacheSlot) -> Lookup:
        if reading.is_open():
            return NO_ANSWER
        try:
            with reading.watching():
                return self._find(slot)
        except redis.RedisError as error:
            log.warning("answered_without_cache", reason=type(error).__name__)
            return NO_ANSWER

    def store(self, slot: CacheSlot, answer: Answer, generation: Generation) -> None:
        if reading.is_open():
            return
        try:
            with reading.watching():
                self._set(slot, time.time(), generation, pack(answer))
        except redis.RedisError as error:
            log.warning("answer_not_kept", reason=type(error).__name__)

    def invalidate(self, keys: Iterable[str]) -> None:
        """Take all answers with one of the keys for old.

        If Redis is out of reach, everything of that projection is, at the next call that gets
        through.
        """
        with self._lock:
            all_tags, self._owed = {*keys, *self._owed}, set()
        try:
            if invalidating.is_open():
                raise redis.ConnectionError("left alone for a while")
            with invalidating.watching():
                client().delete(*map(_generation_key, all_tags))
        except redis.RedisError as error:
            log.warning("answers_not_invalidated", reason=type(error).__name__)
            with self._lock:
                self._owed |= {projection_of(key) for key in all_tags}

    def _find(self, slot: CacheSlot) -> Lookup:
        keys = [_generation_key(key) for key in slot.invalidation_keys]
        found: Any = client().mget(PREFIX + slot.key, *keys)
        entry, generation = found[0], found[1:]
        if entry is not None:
            head, _, packed = entry.partition(b"\n")
            *kept_under, read_at, renewed_at = head.split(b" ")
            now = time.time()
            if kept_under == generation and now < float(read_at) + RENEWALS * slot.cache_for_s:
                if now > float(renewed_at) + slot.cache_for_s / 2:
                    self._set(slot, float(read_at), generation, packed)
                return Lookup(unpack(packed))
        return Lookup(None, generation if None not in generation else _begin(keys))

    def _set(self, slot: CacheSlot, read_at: float, generation: Generation, packed: bytes) -> None:
        times = b"%.3f %.3f" % (read_at, time.time())
        value = b"\n".join([b" ".join([*generation, times]), packed])
        client().set(PREFIX + slot.key, value, px=round(slot.cache_for_s * 1000))


def _begin(keys: Iterable[str]) -> Generation:
    """Return the generations, each begun if there is none: whoever comes first names it."""
    with client().pipeline() as pipeline:
        for key in keys:
            pipeline.set(key, secrets.token_hex(8), nx=True, ex=GENERATION_S)
            pipeline.get(key)
        generation: Generation = pipeline.execute()[1::2]
    return generation


def _generation_key(key: str) -> str:
    return f"{PREFIX}of:{key}"


def client() -> redis.Redis:
    return _client(conf().REDIS_URL)


@cache
def _client(url: str) -> redis.Redis:
    # One more try, because a server that was restarted has closed its connections.
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
