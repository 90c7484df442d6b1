"""The Celery app. Without Redis its broker is in the web process."""

import logging
import os
from typing import Any

import structlog
from celery import Celery, signals
from django.db import close_old_connections

from config.monitoring import log_ids
from config.monitoring.traces import switch
from cqrs.database.profiles import Profile, set_profile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = structlog.get_logger("config.celery")


class QuietCelery(Celery):
    """Starts workers and beat without Celery's banner: what they print is lines of the log."""

    @property
    def Worker(self) -> Any:
        start = super().Worker
        return lambda *args, **options: start(*args, **{**options, "quiet": True})

    @property
    def Beat(self) -> Any:
        start = super().Beat
        return lambda *args, **options: start(*args, **{**options, "quiet": True})


app = QuietCelery("order_desk")
app.set_default()  # for all threads; without it each thread would create an empty app
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect
def leave_logging(**_: Any) -> None:
    """Let Django's LOGGING apply to workers and beat: Celery configures none if this is here."""


@signals.celeryd_init.connect
def begin_worker(**_: Any) -> None:
    logging.captureWarnings(True)  # Celery does so only after its first warnings
    log_ids.begin_command("worker")


@signals.beat_init.connect
def begin_beat(**_: Any) -> None:
    log_ids.begin_command("beat")
    log.info("beat_started")


@signals.worker_ready.connect
def say_ready(sender: Any, **_: Any) -> None:
    """Say that tasks are taken, and from where."""
    queues = sorted(queue.name for queue in sender.task_consumer.queues)
    log.info("worker_ready", worker=sender.hostname, queues=queues)
    if not type(sender.pool).__module__.endswith("prefork"):  # tasks run in this process
        switch.start_now()


@signals.worker_shutting_down.connect
def say_stopping(sig: str, how: str, **_: Any) -> None:
    log.info("worker_stopping", signal=sig, how=how)


@signals.worker_process_init.connect
def start_traces(**_: Any) -> None:
    """Start them after the fork, and before the first task, whose span Celery begins."""
    switch.start_now()


@signals.worker_process_shutdown.connect
def flush_traces(**_: Any) -> None:
    """Send what is left: a child of Celery's pool runs no exit handlers."""
    switch.stop_now()


@signals.task_prerun.connect
def begin_task(task_id: str, task: Any, **_: Any) -> None:
    """Give the thread a worker's limits, and close broken connections before the task.

    So a task works after a restart of a database.
    """
    log_ids.begin_task(task.name, task_id)
    set_profile(Profile.WORKER)
    close_old_connections()


@signals.task_postrun.connect
def end_task(**_: Any) -> None:
    log_ids.end_task()
