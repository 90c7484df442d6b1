"""Bound how many passwords are hashed at the same time.

Hashing one takes a processor for a tenth of a second or more. Without a bound, a dozen clients that
try passwords would leave none for other requests.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.exceptions import APIException

from cqrs.conf import cached_setting, conf


class TooManyLogins(APIException):
    """Others are hashing, and went on longer than a login waits for its turn."""

    status_code = 503
    default_code = "busy"
    default_detail = "Too many logins at the same time: try again"


@contextmanager
def hashing_turn() -> Iterator[None]:
    """Wait for a turn to hash, and hold it.

    Raises `TooManyLogins` after `HASHING_WAIT_MS`, and at once if as many wait as may hash: each
    holds a thread.
    """
    with _held(_seats(), 0), _held(_turns(), conf().HASHING_WAIT_MS / 1000):
        yield


@contextmanager
def _held(places: threading.BoundedSemaphore, wait_s: float) -> Iterator[None]:
    if not places.acquire(timeout=wait_s):
        raise TooManyLogins
    try:
        yield
    finally:
        places.release()


@cached_setting
def _seats() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(2 * conf().HASHING_AT_ONCE)


@cached_setting
def _turns() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(conf().HASHING_AT_ONCE)
