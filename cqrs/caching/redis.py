"""Cached answers in Redis, shared by all processes.

Every key has a generation, a random text. An answer is stored with the generations of its keys and
is valid while they are the same. They are read *before* the database is, so an answer that was read
before a commit and stored after its invalidation is never given. To invalidate is to delete
generations: keys without answers cost nothing, and a generation that Redis evicts or loses
invalidates answers, but never makes an invalid one valid.

One more generation belongs to the server. A process that could not reach Redis, and so may have
left old answers there, deletes it before it uses Redis again: then all answers are invalid.

When Redis is out of reach, everything is read from the database. An entry is signed: what else
stands under its key is not taken for an answer.
"""

import hashlib
import secrets
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

import redis

from cqrs import redis_server
from cqrs.caching.entries import NO_ANSWER, Answer, CacheSlot, Lookup, pack, unpack
from cqrs.conf import cached_setting, secret_keys
from cqrs.redis_server import GENERATION_KEY

PREFIX = "cqrs:answer:2:"  # the format's number: processes of two versions may share a Redis
GENERATION_S = 3_600
RENEWALS = 5  # a frequent answer is renewed until it is this many durations old

Generation = bytes
"""A digest of the generations of an answer's keys."""


class RedisCache:
    """Expiry slides: an answer that is given in the second half of its duration is renewed."""

    def find(self, slot: CacheSlot) -> Lookup:
        try:
            with redis_server.shared().use("find_answer") as client:
                return _find(client, slot)
        except redis.RedisError:
            return NO_ANSWER

    def store(self, slot: CacheSlot, answer: Answer, generation: Generation) -> None:
        now = time.time()
        try:
            with redis_server.shared().use("store_answer") as client:
                _set(client, slot, _Entry(generation, now, now, pack(answer)))
        except redis.RedisError:
            return  # the next question is answered from the database, too

    def invalidate(self, keys: Iterable[str]) -> None:
        """Invalidate all answers with one of the keys.

        If that fails, this process invalidates all answers before it uses Redis again.
        """
        server = redis_server.shared()
        try:
            with server.use("invalidate_answers") as client:
                client.delete(*map(_generation_key, keys))
        except redis.RedisError as error:
            server.leave("invalidate_answers", error)


class _Entry(NamedTuple):
    generation: Generation
    read_at: float
    renewed_at: float
    packed: bytes

    def sealed(self, key: str) -> bytes:
        head = b"%b %.3f %.3f" % (self.generation, self.read_at, self.renewed_at)
        content = b"%b\n%b" % (head, self.packed)
        return b"%b\n%b" % (_signature(_signing_keys()[0], key, content), content)

    @classmethod
    def opened(cls, key: str, value: bytes) -> "_Entry | None":
        """Return the entry; None if it is not signed for this key."""
        signature, _, content = value.partition(b"\n")
        if not any(
            secrets.compare_digest(signature, _signature(each, key, content))
            for each in _signing_keys()
        ):
            return None
        head, _, packed = content.partition(b"\n")
        generation, read_at, renewed_at = head.split(b" ")
        return cls(generation, float(read_at), float(renewed_at), packed)


def _find(client: redis.Redis, slot: CacheSlot) -> Lookup:
    keys = [GENERATION_KEY, *map(_generation_key, slot.invalidation_keys)]
    value, *found = cast("list[bytes | None]", client.mget(PREFIX + slot.key, *keys))
    known = [each for each in found if each is not None]
    if len(known) < len(keys):
        return Lookup(None, _start_generation(client, keys))
    generation = _digest(known)
    entry = _Entry.opened(slot.key, value) if value is not None else None
    if entry is None or entry.generation != generation:
        return Lookup(None, generation)
    now = time.time()
    if now >= entry.read_at + RENEWALS * slot.cache_for_s:
        return Lookup(None, generation)
    if now > entry.renewed_at + slot.cache_for_s / 2:
        _set(client, slot, entry._replace(renewed_at=now))
    return Lookup(unpack(entry.packed))


def _set(client: redis.Redis, slot: CacheSlot, entry: _Entry) -> None:
    client.set(PREFIX + slot.key, entry.sealed(slot.key), px=round(slot.cache_for_s * 1000))


def _start_generation(client: redis.Redis, keys: Sequence[str]) -> Generation | None:
    """Return the keys' generation. A missing one is created by the first process that comes."""
    with client.pipeline() as pipeline:
        for key in keys:
            pipeline.set(key, secrets.token_hex(8), nx=True, ex=GENERATION_S)
            pipeline.get(key)
        found = pipeline.execute(raise_on_error=False)
    if errors := [each for each in found if isinstance(each, redis.RedisError)]:
        if all("WRONGTYPE" in str(error) for error in errors):
            client.delete(*keys)  # other values that stand there; without them the next one works
            return None
        raise errors[0]
    return _digest(found[1::2])


def _generation_key(key: str) -> str:
    return f"{PREFIX}of:{key}"


def _digest(generations: Sequence[bytes]) -> Generation:
    return hashlib.blake2b(b"\n".join(generations), digest_size=8).hexdigest().encode()


def _signature(signing_key: bytes, key: str, content: bytes) -> bytes:
    signed = hashlib.blake2b(key=signing_key, digest_size=16)
    signed.update(b"%b\n" % key.encode())
    signed.update(content)
    return signed.hexdigest().encode()


@cached_setting
def _signing_keys() -> tuple[bytes, ...]:
    """Return the keys by which an entry may be signed: while keys are rotated, several are."""
    return tuple(
        hashlib.sha256(b"cqrs.caching.redis" + key.encode()).digest() for key in secret_keys()
    )
