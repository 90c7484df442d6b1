"""Run Celery inside the web process: worker and beat as threads, for one machine without a broker.

They stop with the process. Tasks in the queue are lost then, and the next sweep replaces them.
"""

import fcntl
import logging
import threading
import time
from collections.abc import Callable
from multiprocessing.util import Finalize

from celery import beat
from celery.worker import WorkController, state

from config.celery import app
from config.environment import local_dir

STOP_S = 3.0
RESTART_S = 1.0
logger = logging.getLogger(__name__)
_stopping = threading.Event()


def start() -> None:
    """Start the worker and beat. Of several processes of this checkout, one runs them."""
    app.set_default()  # without it, each thread would create an empty app
    threading.Thread(target=_run, name="in-process-celery", daemon=True).start()
    # Unlike atexit, multiprocessing's finalizers run in spawned and in forked processes.
    Finalize(None, stop, exitpriority=100)


def stop() -> None:
    """Accept no more tasks, and wait up to `STOP_S` for the running ones."""
    _stopping.set()
    state.should_stop = 0  # type: ignore[assignment]
    deadline = time.monotonic() + STOP_S
    while state.active_requests and time.monotonic() < deadline:
        time.sleep(0.01)


def _run() -> None:
    with (local_dir() / "worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits until the process that holds it ends
        beats = ("beat", _beat)
        threading.Thread(target=_run_until_stopped, args=beats, name="beat", daemon=True).start()
        _run_until_stopped("worker", _work)


def _run_until_stopped(name: str, run: Callable[[], None]) -> None:
    while not _stopping.is_set():
        try:
            run()
        except Exception:
            logger.exception("in-process %s failed, restarting", name)
        _stopping.wait(RESTART_S)


def _beat() -> None:
    # The plain scheduler: the default one writes a schedule file into the current folder.
    beat.Service(app, max_interval=1, scheduler_cls=beat.Scheduler).start()


def _work() -> None:
    from cqrs.reactions.reactions import reactions

    # The controller alone: the `celery worker` program also handles signals, configures logging and
    # prints a banner.
    worker = WorkController(
        app=app,
        pool="threads",
        queues=["projections", "reactions"],
        # One for projecting and one for queueing tasks, even if every reaction hangs in its mail
        # server or webhook: each reaction runs once at a time.
        concurrency=len(reactions()) + 2,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
