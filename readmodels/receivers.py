"""Wake the read side after the write side's events; no other code does.

A wake-up is only a hint: the events are in the log, and the periodic sweep finds them after a lost
wake-up. So a thread of its own does it: a broker that hangs delays no command, and fails none.
"""

import threading
import time
from typing import Any

import structlog
from celery.exceptions import OperationalError as BrokerError
from django.conf import settings
from django.db import connection, transaction
from redis.exceptions import RedisError

from cqrs.event_log.signals import event_published
from cqrs.messaging.context import current_traceparent
from cqrs.messaging.tracing import span
from readmodels import flags, wake_ups
from readmodels.tasks import WAKE_UP_FLAG, WAKE_UP_SECONDS, project

PAUSE_AFTER_FAILURE_S = 1.0  # the sweep comes meanwhile

log = structlog.get_logger("readmodels.receivers")


class Waker:
    """Queues the projection task in a thread of this process, once for all that ask meanwhile."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._asker: str | None = None  # the trace of the last one that asked
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake_up(self) -> None:
        """Ask for a wake-up. Returns at once."""
        self._asker = current_traceparent()
        self._asked.set()
        if self._thread is None or not self._thread.is_alive():  # a fork has no threads
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="wake-up", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            time.sleep(_queue(self._asker))


def _queue(asker: str | None = None) -> float:
    """Queue the task, or wake it where it waits; return the seconds until the next attempt."""
    try:
        if flags.raise_flag(WAKE_UP_FLAG, WAKE_UP_SECONDS):
            with span("wake-up", parent=asker):
                project.delay()
        else:
            wake_ups.send()
    except (BrokerError, RedisError, OSError) as error:
        log.warning("not_woken", reason=type(error).__name__)
        return PAUSE_AFTER_FAILURE_S
    except Exception:  # a bug must not end the thread
        log.exception("wake_up_failed")
    return 0.0


waker = Waker()


def connect() -> None:
    """Wake the read side after every published event from now on, unless `cdc run` does."""
    if settings.READMODEL_SYNC == "cdc":
        return
    event_published.connect(wake_up_after_commit, dispatch_uid="readmodels.wake_up")


def wake_up_after_commit(**_: Any) -> None:
    """Wake the read side after the commit, once for all events of the transaction."""
    if not any(hook[1] == waker.wake_up for hook in connection.run_on_commit):
        # robust: the write is committed, so no error may look like a failed write.
        transaction.on_commit(waker.wake_up, robust=True)
