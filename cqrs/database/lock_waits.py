"""Let few commands wait long for one aggregate, so that one held row cannot hold all threads.

Ordinary contention lasts milliseconds. In a thread of the web a command waits `FIRST_LOCK_WAIT_MS`
for a lock: the session's `lock_timeout`. After that, `LOCK_WAITERS` commands per aggregate and
process may run again with what is left of `LOCK_TIMEOUT_MS`; others are refused. While all places
of an aggregate are taken, a command that comes to its lock is refused at once.
"""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from cqrs.conf import conf
from cqrs.database.outages import AggregateBusy
from cqrs.database.profiles import Profile, current_profile


class _Current(threading.local):
    """Of one thread: what its command came to lock last, and whether it has a place."""

    keys: tuple[Hashable, ...] = ()
    has_place = False


_current = _Current()
_waiting: Counter[Hashable] = Counter()
_guard = threading.Lock()


def begin(name: str) -> None:
    """Note a name for what a command locks without saying so, such as a row with its e-mail."""
    _current.keys = (name,)


def before_lock(*keys: Hashable) -> None:
    """Note what the next statement locks: ids of aggregates, or another name for it.

    Raises `AggregateBusy` when as many commands as may wait for one of them do so already.
    """
    _current.keys = keys
    if _waiting and not _current.has_place and is_limited():
        with _guard:
            _refuse_if_full(keys)


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
