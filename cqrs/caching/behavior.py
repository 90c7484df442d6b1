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
from cqrs.caching.entries import Cache, Slot, size_of
from cqrs.caching.memory import MemoryCache
from cqrs.caching.redis import RedisCache
from cqrs.conf import conf
from cqrs.consumers.applier import Consumer
from cqrs.database.aliases import READ_ALIAS
from cqrs.event_log.events import StoredEvent
from cqrs.event_log.signals import batch_applied
from cqrs.messaging.messages import Query
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Ok, Result
from cqrs.notifications.changes import Change, tags_of
from cqrs.notifications.listener import bell

MOST_BYTES = 2**18  # of one answer
ASKED_FOR_ONCE = {"consistency_token", "wait_s"}  # no part of the question

in_memory = MemoryCache()
in_redis = RedisCache()


def caching(dispatch: Dispatch, following: Next) -> Result[Any]:
    """Answer what is kept, or keep what the rest answers. Refusals are not kept."""
    query = dispatch.message
    assert isinstance(query, Query)  # noqa: S101  only queries come here
    cache = _cache_for(query)
    if cache is None:
        return following(dispatch)
    slot = slot_of(query)
    found = cache.find(slot)
    statistics.note(query, "miss" if found.answer is None else "hit")
    if found.answer is not None:
        return Ok(found.answer)
    result = following(dispatch)
    if found.generation is not None and isinstance(result, Ok) and _may_be_kept(result.value):
        cache.keep(slot, result.value, found.generation)
    return result


def connect() -> None:
    """Learn of all changes."""
    batch_applied.connect(invalidate, dispatch_uid="cqrs.invalidate")
    bell.hearers[:] = [hear]


def invalidate(consumer: Consumer, events: Sequence[StoredEvent], **_: Any) -> None:
    """Take for old what the projection has just changed."""
    if change := Change.by(consumer, events):
        cache: Cache = in_redis if conf().REDIS_URL else in_memory
        cache.invalidate(change.tags)


def hear(change: Change | None) -> None:
    """Take for old what a projection has changed in another process."""
    if change is None:
        in_memory.clear()
    else:
        in_memory.invalidate(change.tags)


def slot_of(query: Query) -> Slot:
    """Return where the query's answer is kept: the same for whoever may ask it."""
    question = query.model_dump_json(exclude=ASKED_FOR_ONCE, exclude_defaults=True)
    # Hashed, because names and addresses that are searched for are nobody's business.
    key = hashlib.blake2b(f"{type(query).__name__} {question}".encode(), digest_size=16)
    tags = tags_of(query.projection, query.changed_by)
    return Slot(key.hexdigest(), tags, query.cache_for_s)


def _cache_for(query: Query) -> Cache | None:
    """Return where to look; None if the database must be asked."""
    if not query.cache_for_s or query.consistency_token is not None:
        return None
    if connections[READ_ALIAS].in_atomic_block:
        return None
    if conf().REDIS_URL:
        return in_redis
    bell.listen()
    return in_memory if bell.is_listening else None


def _may_be_kept(answer: Any) -> bool:
    return size_of(answer) <= MOST_BYTES and is_from_primary()


def is_from_primary() -> bool:
    """Say whether this thread's last answer came from a server that says it is no standby."""
    connection: Any = connections[READ_ALIAS].connection
    if connection is None:
        return False
    return bool(connection.info.parameter_status("in_hot_standby") == "off")
