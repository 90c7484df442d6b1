"""Give signs of life of workers and beat, and serve what they count."""

import atexit
from typing import Any

from celery.signals import beat_init, celeryd_init, worker_ready, worker_shutdown
from django.conf import settings

from config.monitoring.metrics_directory import count_together
from cqrs import metrics
from cqrs.operations.exporter import serve_metrics
from cqrs.operations.heartbeats import BEAT, WORKER, heart, process_name
from cqrs.operations.metrics import start_at_zero


@celeryd_init.connect
def count_with_children(**_: Any) -> None:
    """Before a worker forks: let it report what its children count, if anyone asks it."""
    if settings.CQRS["METRICS_PORT"]:
        count_together("worker")
        start_at_zero()


@worker_ready.connect
def start_worker(sender: Any, **_: Any) -> None:
    """After it has forked, and after each new connection to the broker."""
    heart.start(WORKER, sender.hostname, *sender.app.amqp.queues.consume_from)
    serve_metrics()


@worker_shutdown.connect
def stop_worker(**_: Any) -> None:
    heart.stop()


@beat_init.connect
def start_beat(**_: Any) -> None:
    """In the program, and in the web process, which serves what it counts already."""
    heart.start(BEAT, process_name())
    atexit.register(heart.stop)
    if not metrics.is_shared():
        serve_metrics()
