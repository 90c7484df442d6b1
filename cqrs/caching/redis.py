"""Cached answers in Redis, shared by all processes.

Every key has a generation, a random text. An answer is stored with the generations of its keys and
is valid while they are the same. They are read *before* the database is, so an answer that was read
before a commit and stored after its invalidation is never given. To invalidate is to delete
generations: keys without answers cost nothing, and a generation that Redis evicts or loses
invalidates answers, but never makes an invalid one valid.

When Redis is out of reach, everything is read from the database.
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

PREFIX = "cqrs:answer:1:"  # the format's number: processes of two versions may share a Redis
TIMEOUT_S = 0.25
GENERATION_S = 3_600
RENEWALS = 5  # a frequent answer is renewed until it is this many durations old

Generation = list[bytes]

log = structlog.get_logger("cqrs.caching")


class RedisCache:
    """Expiry slides: an answer that is given in the second half of its duration is renewed.

    Lookups and invalidations have a circuit breaker each.
    """

    def __init__(self) -> None:
        self.reading = Breaker(redis.RedisError)
        self.invalidating = Breaker(redis.RedisError)
        self._lock = threading.Lock()
        self._owed: set[str] = set()  # keys whose invalidation failed

    def find(self, slot: CacheSlot) -> Lookup:
        if self.reading.is_open():
            return NO_ANSWER
        try:
            with self.reading.watching():
                return self._find(slot)
        except redis.RedisError as error:
            log.warning("answered_without_cache", reason=type(error).__name__)
            return NO_ANSWER

    def store(self, slot: CacheSlot, answer: Answer, generation: Generation) -> None:
        if self.reading.is_open():
            return
        try:
            with self.reading.watching():
                self._set(slot, time.time(), generation, pack(answer))
        except redis.RedisError as error:
            log.warning("answer_not_stored", reason=type(error).__name__)

    def invalidate(self, keys: Iterable[str]) -> None:
        """Invalidate all answers with one of the keys.

        If Redis is out of reach, the next successful call invalidates everything of these
        projections.
        """
        with self._lock:
            all_keys, self._owed = {*keys, *self._owed}, set()
        try:
            if self.invalidating.is_open():
                raise redis.ConnectionError("the circuit breaker is open")
            with self.invalidating.watching():
                client().delete(*map(_generation_key, all_keys))
        except redis.RedisError as error:
            log.warning("answers_not_invalidated", reason=type(error).__name__)
            with self._lock:
                self._owed |= {projection_of(key) for key in all_keys}

    def _find(self, slot: CacheSlot) -> Lookup:
        keys = [_generation_key(key) for key in slot.invalidation_keys]
        found: Any = client().mget(PREFIX + slot.key, *keys)
        entry, generation = found[0], found[1:]
        if entry is not None:
            head, _, packed = entry.partition(b"\n")
            *stored_generation, read_at, renewed_at = head.split(b" ")
            now = time.time()
            is_recent = now < float(read_at) + RENEWALS * slot.cache_for_s
            if is_recent and stored_generation == generation:
                if now > float(renewed_at) + slot.cache_for_s / 2:
                    self._set(slot, float(read_at), generation, packed)
                return Lookup(unpack(packed))
        return Lookup(None, generation if None not in generation else _start_generation(keys))

    def _set(self, slot: CacheSlot, read_at: float, generation: Generation, packed: bytes) -> None:
        times = b"%.3f %.3f" % (read_at, time.time())
        value = b"\n".join([b" ".join([*generation, times]), packed])
        client().set(PREFIX + slot.key, value, px=round(slot.cache_for_s * 1000))


def _start_generation(keys: Iterable[str]) -> Generation:
    """Return the keys' generations. A missing one is created by the first process that comes."""
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
