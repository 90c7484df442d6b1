"""Say what kind of work a thread does: its database connections get their limits by it.

Web and worker threads can run in one process, so the profile belongs to the thread. It takes effect
when a connection is made; the database backend of the project maps profiles to limits.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from django.db import connections


class Profile(StrEnum):
    WEB = "web"
    """Answers requests."""
    WORKER = "worker"
    """Runs background tasks."""
    COMMAND = "command"
    """Runs a management command; the profile of a thread that has set none."""
    MAINTENANCE = "maintenance"
    """Migrates, rebuilds, verifies or exports: its statements may take hours."""
    PROBE = "probe"
    """Asks whether a database answers; the circuit breaker does not hold it back."""


_thread = threading.local()


def set_profile(profile: Profile | str) -> None:
    """Set this thread's profile, for the connections that it makes from now on."""
    _thread.profile = Profile(profile)


def current_profile() -> Profile:
    found: Profile = getattr(_thread, "profile", Profile.COMMAND)
    return found


@contextmanager
def use_profile(profile: Profile | str) -> Iterator[None]:
    """Run the block with connections of this profile, and later code with those of before.

    A connection inside an open transaction stays.
    """
    before = current_profile()
    set_profile(profile)
    _close_idle()
    try:
        yield
    finally:
        set_profile(before)
        _close_idle()


def _close_idle() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
