"""Traces and logs of real processes: web, Celery's processes and threads, and beat."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cqrs.messaging.ids import uuid7
from tests.faults.celery_worker import REACTIONS, TWO_PROCESSES, CeleryWorker
from tests.support.collector import Collector, collecting
from tests.support.desk import STOP_S, Desk, registered, served_desk, wait_for
from tests.support.servers import private_redis
from tests.support.templates import served_postgres

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
AT_EXIT = "600000"  # ms: spans are sent when a process ends, and not before
WARM_SHUTDOWN = "worker: Warm shutdown (MainProcess)"  # Celery prints it past every log


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture(scope="module")
def logs(collector: Collector) -> Iterator[Path]:
    """Let an order pass through a desk and its workers, stop them, and return their logs."""
    with served_postgres() as postgres, private_redis() as redis:
        traced = {
            **postgres.variables,
            "REDIS_URL": redis.url,
            "WORKER": "0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": AT_EXIT,
        }
        with served_desk(**traced) as desk:
            desk.start(OTEL_SERVICE_NAME="web")
            workers = [_worker(desk, 0, TWO_PROCESSES), _worker(desk, 1, REACTIONS)]
            try:
                _place_an_order(desk)
                for worker in workers:
                    worker.process.send_signal(signal.SIGTERM)
                desk.stop()
                for worker in workers:
                    worker.process.wait(STOP_S)
                yield desk.folder
            finally:
                for worker in workers:
                    if worker.process.poll() is None:
                        worker.kill()


def _worker(desk: Desk, number: int, options: tuple[str, ...]) -> CeleryWorker:
    return CeleryWorker(desk, number, *options, with_={"OTEL_SERVICE_NAME": f"worker-{number}"})


def _place_an_order(desk: Desk) -> None:
    """Register a customer within the trace, and return when the mail is sent."""
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with desk.client() as client:
        client.headers.update(headers)
        registered(client, f"{uuid7()}@example.com")
    for table in ("cqrs_pending", "cqrs_reactionwork"):  # which the sequencer fills
        wait_for(lambda: not desk.sql("default", f"SELECT FROM {table}"))  # noqa: B023


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a process, which are all JSON."""
    texts = [text for text in path.read_text().splitlines() if text]
    return [json.loads(text) for text in texts if text != WARM_SHUTDOWN]


class TestTraces:
    def test_go_through_all_processes_and_are_sent_when_they_end(
        self, logs: Path, collector: Collector
    ):
        found = collector.of_trace(TRACE)
        for name in ("POST /api/customers", "RegisterCustomer", "transaction", "wake-up"):
            assert found[name] == "web", name
        assert collector.linked_to(TRACE) == {"sequence": "worker-0", "apply": "worker-0"}
        assert found["send_welcome_email"] == "worker-1"


class TestLines:
    def test_of_workers_and_beat_are_all_json(self, logs: Path):
        projecting, reacting = (lines(logs / f"celery-{number}.log") for number in (0, 1))
        assert {"worker_ready", "beat_started", "applied", "worker_stopping"} <= {
            line["event"] for line in projecting
        }
        assert {"worker_ready", "reacted"} <= {line["event"] for line in reacting}
        for line in (*projecting, *reacting):
            assert {"event", "level", "logger", "timestamp", "correlation_id", "trace_id"} <= {
                *line
            }, line

    def test_of_a_reaction_have_the_ids_of_the_request(self, logs: Path):
        [reacted] = [
            line
            for line in lines(logs / "celery-1.log")
            if line["event"] == "reacted" and line["reaction"] == "send_welcome_email"
        ]
        assert (reacted["correlation_id"], reacted["trace_id"]) == (TRACE, TRACE)
        assert reacted["task"] == "cqrs.tasks.run_reaction"
