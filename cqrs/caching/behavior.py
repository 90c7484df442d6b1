"""Cache the answers of queries that come again and again, until an event changes them.

A query opts in with a duration and, where there is one, the id that every event names which can
change its answer. Projections invalidate by these ids right after their commit. Commands do not
pass this behavior, and never invalidate.

An answer must not be older than what the caller has seen. So some queries bypass the cache:

- one with a consistency token asks the database;
- one in an open transaction asks the database, and its answer is not stored: it may contain what
  only this transaction sees;
- the answer of a standby is not stored: the standby may lack a change whose invalidation has
  already come.
"""

import hashlib
from typing import Any

from django.db import connections

from cqrs import metrics
from cqrs.caching.answer_cache import answer_cache
from cqrs.caching.entries import Cache, CacheSlot, size_of
from cqrs.conf import conf
from cqrs.database.aliases import READ_ALIAS
from cqrs.messaging.messages import Query
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Ok, Result
from cqrs.notifications.changes import invalidation_keys
from cqrs.notifications.listener import listener
from cqrs.projections.lag import read_lag

MAX_ANSWER_BYTES = 2**18  # of one answer
REQUEST_FIELDS = {"consistency_token", "wait_s"}  # they do not change the answer


def caching(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Answer from the cache, or store the answer of the rest. Refusals are not stored."""
    query = dispatch.message
    assert isinstance(query, Query)  # noqa: S101  only queries come here
    cache = _cache_for(query)
    if cache is None:
        return call_next(dispatch)
    slot = cache_slot(query)
    found = cache.find(slot)
    outcome = "miss" if found.answer is None else "hit"
    metrics.CACHE_LOOKUPS[dispatch.name, outcome].inc()
    if found.answer is not None:
        return Ok(found.answer)
    result = call_next(dispatch)
    if found.generation is not None and isinstance(result, Ok) and _may_be_stored(result.value):
        cache.store(slot, result.value, found.generation)
    return result


def cache_slot(query: Query) -> CacheSlot:
    """Return where the query's answer is stored: the same slot for all callers."""
    question = query.model_dump_json(exclude=REQUEST_FIELDS, exclude_defaults=True)
    # An answer of a lost past must not get the tag of another one. The tag is of this one: the
    # view asked for it with the age of the answer.
    past = read_lag.known_past(query.projection)
    # Hashed, because a search can contain names and addresses: no personal data in keys.
    key = hashlib.blake2b(f"{type(query).__name__} {past} {question}".encode(), digest_size=16)
    keys = invalidation_keys(query.projection, query.changed_by)
    return CacheSlot(key.hexdigest(), keys, query.cache_for_s)


def _cache_for(query: Query) -> Cache | None:
    """Return the cache for the query; None if the database must answer."""
    if not query.cache_for_s or query.consistency_token is not None:
        return None
    if connections[READ_ALIAS].in_atomic_block:
        return None
    if not conf().REDIS_URL:
        listener.listen()
        if not listener.is_listening:
            return None
    return answer_cache.backend


def _may_be_stored(answer: Any) -> bool:
    return size_of(answer) <= MAX_ANSWER_BYTES and is_from_primary()


def is_from_primary() -> bool:
    """Return whether this thread's last answer came from a server that is not a standby."""
    connection: Any = connections[READ_ALIAS].connection
    if connection is None:
        return False
    return bool(connection.info.parameter_status("in_hot_standby") == "off")
