"""Let few commands wait long for one aggregate, so that one held row cannot hold all threads.

Ordinary contention lasts milliseconds. In a thread of the web a command waits `FIRST_LOCK_WAIT_MS`
for a lock: the session's `lock_timeout`. After that, `LOCK_WAITERS` commands per aggregate and
process may run again with what is left of `LOCK_TIMEOUT_MS`; others are refused. While all places
of an aggregate are taken, a command that comes to its lock is refused at once.

An aggregate that was waited for in vain is held: then a command takes a place before its
transaction, or is refused there. Else each newcomer's first wait would hold a thread.
"""

import threading
import time
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import Error
from pydantic import BaseModel

from cqrs.conf import conf
from cqrs.database.outages import AggregateBusy
from cqrs.database.profiles import Profile, current_profile
from cqrs.database.sqlstates import Meaning, meaning

HELD_FOR_S = 5.0
"""For so long after a wait in vain an aggregate counts as held, unless a command gets its lock."""


class AggregateHeld(AggregateBusy):
    """The aggregate was waited for in vain a moment ago: the command needs a place to wait."""


class _Current(threading.local):
    """Of one thread: what its command came to lock last, and whether it has a place."""

    keys: tuple[Hashable, ...] = ()
    has_place = False


_current = _Current()
_waiting: Counter[Hashable] = Counter()
_held_until: dict[Hashable, float] = {}
_guard = threading.Lock()


def begin(name: str, message: BaseModel | None) -> None:
    """Begin a command. Its name stands for what it locks unsaid, such as a row with its e-mail.

    Raises `AggregateHeld` for a message that names a held aggregate, and `AggregateBusy` when no
    place is free.
    """
    _current.keys = (name,)
    if _held_until and is_limited():
        _refuse_held(_ids_in(message))


def before_lock(*keys: Hashable) -> None:
    """Note what the next statement locks: ids of aggregates, or another name for it.

    Raises `AggregateBusy` when as many commands as may wait for one of them do so already, and
    `AggregateHeld` for a held one.
    """
    _current.keys = keys
    if (_waiting or _held_until) and not _current.has_place and is_limited():
        with _guard:
            _refuse_if_full(keys)
        _refuse_held(keys)


def is_limited() -> bool:
    """Return whether this thread's first wait for a lock is a short one."""
    return current_profile() is Profile.WEB


@contextmanager
def waiting_place() -> Iterator[None]:
    """Hold a place for what this thread came to lock last. Raises `AggregateBusy` without one."""
    keys = set(_current.keys)
    with _guard:
        _refuse_if_full(keys)
        _waiting.update(keys)
    _current.has_place = True
    try:
        yield
    except Error as error:
        if meaning(error) is Meaning.LOCKED:
            _note_held(keys)
        raise
    else:
        for key in keys:
            _held_until.pop(key, None)
    finally:
        _current.has_place = False
        with _guard:
            _waiting.subtract(keys)
            for key in keys:
                if not _waiting[key]:
                    del _waiting[key]


def _refuse_if_full(keys: "set[Hashable] | tuple[Hashable, ...]") -> None:
    if any(_waiting[key] >= conf().LOCK_WAITERS for key in keys):
        raise AggregateBusy


def _refuse_held(keys: Iterable[Hashable]) -> None:
    now = time.monotonic()
    if held := tuple(key for key in keys if _held_until.get(key, 0) > now):
        _current.keys = held
        raise AggregateHeld


def _note_held(keys: Iterable[Hashable]) -> None:
    """Note those that are aggregates: other names stand for too many commands."""
    now = time.monotonic()
    with _guard:
        for key in [key for key, until in _held_until.items() if until < now]:
            del _held_until[key]
        _held_until.update({key: now + HELD_FOR_S for key in keys if isinstance(key, UUID)})


def _ids_in(value: Any) -> Iterator[UUID]:
    if isinstance(value, UUID):
        yield value
    elif isinstance(value, BaseModel):
        yield from _ids_in([field for _, field in value])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _ids_in(each)
