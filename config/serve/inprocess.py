"""Run Celery inside the web process: workers and beat as threads, for one machine without a broker.

Reactions have a worker of their own: those that hang hold no thread that projects.

They stop with the process. Tasks in the queue are lost then, and the next sweep replaces them.
"""

import fcntl
import threading
import time
from collections.abc import Callable
from multiprocessing.util import Finalize

import structlog
from celery import Celery, beat
from celery.worker import WorkController, state
from django.conf import settings

from config.celery import app
from config.environment import local_dir
from cqrs.operations.heartbeats import WORKER, heart, process_name

PROJECTING_THREADS = 2
STOP_S = 3.0
RESTART_S = 1.0
log = structlog.get_logger("config.serve")
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
    heart.stop()


def _run() -> None:
    with (local_dir() / "worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits until the process that holds it ends
        for name, run in (("beat", _beat), ("reactions", _react)):
            threading.Thread(
                target=_run_until_stopped, args=(name, run), name=name, daemon=True
            ).start()
        _run_until_stopped("projections", _project)


def _run_until_stopped(name: str, run: Callable[[], None]) -> None:
    while not _stopping.is_set():
        try:
            run()
        except Exception:
            log.exception("in_process_failed", name=name)  # and it is started again
        _stopping.wait(RESTART_S)


def _beat() -> None:
    # The plain scheduler: the default one writes a schedule file into the current folder.
    beat.Service(app, max_interval=1, scheduler_cls=beat.Scheduler).start()


def _project() -> None:
    _work(settings.CELERY_TASK_DEFAULT_QUEUE, PROJECTING_THREADS)


def _react() -> None:
    from cqrs.reactions.registry import reactions

    # One thread queues the tasks of reactions, even if every reaction hangs in its mail server or
    # webhook: each reaction runs once at a time.
    _work(settings.REACTIONS_QUEUE, len(reactions()) + 1)


def _work(queue: str, concurrency: int) -> None:
    """Consume one queue until stopped."""
    # An app of its own, because the choice of the queues is the app's. The tasks are the same.
    consumer = Celery(f"{app.main}_{queue}", set_as_current=False)
    consumer.config_from_object("django.conf:settings", namespace="CELERY")
    consumer.autodiscover_tasks()
    # The controller alone: the `celery worker` program also handles signals, configures logging and
    # prints a banner.
    worker = WorkController(
        app=consumer,
        hostname=f"{queue}@in-process",
        queues=[queue],
        pool="threads",
        concurrency=concurrency,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        ready_callback=lambda _: heart.start(WORKER, f"{queue}@{process_name()}", queue),
    )
    worker.start()
