"""Wake the task that waits at the head for new events, in whichever process it is.

A wake-up is a hint, which may get lost, and there is one at most: what has come, the task finds in
the log. Without Redis, web and workers are one process.
"""

import threading
import time

from redis.exceptions import RedisError

from cqrs import redis_server
from cqrs.conf import conf

KEY = "readmodels:wake_up"
EXPIRES_S = 1
SLICE = 0.2
"""Of the time-out of Redis: so long it is asked to wait at once."""

_here = threading.Event()


def send() -> None:
    """Let one waiting task go on, or the next one that waits within a second."""
    if not conf().REDIS_URL:
        _here.set()
        return
    try:
        with (
            redis_server.shared().use("wake_up") as client,
            client.pipeline(transaction=False) as pipeline,
        ):
            pipeline.rpush(KEY, 1)
            pipeline.ltrim(KEY, -1, -1)
            pipeline.expire(KEY, EXPIRES_S)
            pipeline.execute()
    except RedisError:
        return


def forget() -> None:
    """Forget a wake-up that was sent before: look into the log afterwards."""
    if not conf().REDIS_URL:
        _here.clear()
        return
    try:
        with redis_server.shared().use("wake_up") as client:
            client.delete(KEY)
    except RedisError:
        return


def wait(seconds: float) -> bool:
    """Return True at a wake-up, and False when none has come, or Redis is away."""
    if not conf().REDIS_URL:
        was_sent = _here.wait(seconds)
        _here.clear()
        return was_sent
    until = time.monotonic() + seconds
    # Redis has to answer in time, also that there is nothing. Less than 1 ms can mean no limit.
    slice_s = conf().REDIS_TIMEOUT_MS / 1000 * SLICE
    try:
        while (left_s := until - time.monotonic()) > 0:
            with redis_server.shared().use("wake_up") as client:
                if client.blpop([KEY], timeout=max(0.001, min(left_s, slice_s))):
                    return True
    except RedisError:
        return False
    return False
