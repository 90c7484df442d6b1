"""Celery inside the web process: worker and beat as threads, for one machine without a broker.

They stop with the process. What is lost with the in-process queue, the next sweep makes good.
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
    """Run the worker and beat from now on, in one process of this checkout at a time."""
    app.set_default()  # other threads would find an empty app of their own
    threading.Thread(target=_run, name="in-process-celery", daemon=True).start()
    # Unlike atexit, multiprocessing's finalizers run in spawned and in forked processes.
    Finalize(None, stop, exitpriority=100)


def stop() -> None:
    """Take no more tasks, and give those that run a moment to end."""
    _stopping.set()
    state.should_stop = 0  # type: ignore[assignment]
    deadline = time.monotonic() + STOP_S
    while state.active_requests and time.monotonic() < deadline:
        time.sleep(0.01)


def _run() -> None:
    with (local_dir() / "worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits, and so takes over from a web process that ends
        threading.Thread(target=_keep_up, args=("beat", _beat), name="beat", daemon=True).start()
        _keep_up("worker", _work)


def _keep_up(name: str, run: Callable[[], None]) -> None:
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

    # The controller without the `celery worker` program around it, which takes over signals
    # and logging and prints a banner.
    worker = WorkController(
        app=app,
        pool="threads",
        # One each for projecting and for starting tasks, though every reaction hangs in its mail
        # server or webhook: each can do so once.
        concurrency=len(reactions()) + 2,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
