"""Answers of queries that are asked again and again are kept until something changes them.

A query opts in by saying for how long and, where there is one, the id that every event names which
can change its answer. Right after their commit the projections say what they have changed. Never
commands: they do not come here.

What must not be: an answer older than what the caller has seen. So whoever brings a consistency
token is answered by the database; so is, and leaves nothing behind, whoever asks in a transaction,
which may see what nobody else does; and what a standby has answered is not kept, because it may
not know yet of a change whose news has come already.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import connections

from cqrs.caching import statistics
from cqrs.caching.entries import Cache, CacheSlot, size_of
from cqrs.caching.memory import MemoryCache
from cqrs.caching.redis import RedisCache
from cqrs.conf import conf
from cqrs.consumers.applier import Consumer
from cqrs.database.aliases import READ_ALIAS
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.signals import batch_applied
from cqrs.messaging.messages import Query
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Ok, Result
from cqrs.notifications.changes import Change, invalidation_keys
from cqrs.notifications.listener import listener

MAX_ANSWER_BYTES = 2**18  # of one answer
ASKED_FOR_ONCE = {"consistency_token", "wait_s"}  # no part of the question

in_memory = MemoryCache()
in_redis = RedisCache()


def caching(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Answer what is kept, or keep what the rest answers. Refusals are not kept."""
    query = dispatch.message
    assert isinstance(query, Query)  # noqa: S101  only queries come here
    cache = _cache_for(query)
    if cache is None:
        return call_next(dispatch)
    slot = slot_of(query)
    found = cache.find(slot)
    statistics.record_lookup(query, "miss" if found.answer is None else "hit")
    if found.answer is not None:
        return Ok(found.answer)
    result = call_next(dispatch)
    if found.generation is not None and isinstance(result, Ok) and _may_be_stored(result.value):
        cache.store(slot, result.value, found.generation)
    return result


def connect() -> None:
    """Learn of all changes."""
    batch_applied.connect(invalidate, dispatch_uid="cqrs.invalidate")
    listener.subscribers[:] = [on_change]


def invalidate(consumer: Consumer, events: Sequence[RecordedEvent], **_: Any) -> None:
    """Take for old what the projection has just changed."""
    if change := Change.by(consumer, events):
        cache: Cache = in_redis if conf().REDIS_URL else in_memory
        cache.invalidate(change.invalidation_keys)


def on_change(change: Change | None) -> None:
    """Take for old what a projection has changed in another process."""
    if change is None:
        in_memory.clear()
    else:
        in_memory.invalidate(change.invalidation_keys)


def slot_of(query: Query) -> CacheSlot:
    """Return where the query's answer is kept: the same for whoever may ask it."""
    question = query.model_dump_json(exclude=ASKED_FOR_ONCE, exclude_defaults=True)
    # Hashed, because names and addresses that are searched for are nobody's business.
    key = hashlib.blake2b(f"{type(query).__name__} {question}".encode(), digest_size=16)
    keys = invalidation_keys(query.projection, query.changed_by)
    return CacheSlot(key.hexdigest(), keys, query.cache_for_s)


def _cache_for(query: Query) -> Cache | None:
    """Return where to look; None if the database must be asked."""
    if not query.cache_for_s or query.consistency_token is not None:
        return None
    if connections[READ_ALIAS].in_atomic_block:
        return None
    if conf().REDIS_URL:
        return in_redis
    listener.listen()
    return in_memory if listener.is_listening else None


def _may_be_stored(answer: Any) -> bool:
    return size_of(answer) <= MAX_ANSWER_BYTES and is_from_primary()


def is_from_primary() -> bool:
    """Say whether this thread's last answer came from a server that says it is no standby."""
    connection: Any = connections[READ_ALIAS].connection
    if connection is None:
        return False
    return bool(connection.info.parameter_status("in_hot_standby") == "off")
