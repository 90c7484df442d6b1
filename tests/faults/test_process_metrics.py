"""Real processes report together: two web processes, and a worker with its children."""

import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.database.embedded.ports import free_port
from config.monitoring.metrics_directory import IN_MEMORY
from cqrs.messaging.ids import uuid7
from tests.faults.celery_worker import CeleryWorker
from tests.faults.conftest import OutageDesk
from tests.support.desk import STOP_S, Desk, registered, wait_for

READS = 40
NUMBER = 7  # that no other test has: a killed worker is remembered for half a minute


@pytest.fixture(scope="module")
def desk(any_outage_desk: OutageDesk) -> Desk:
    any_outage_desk.heal(WORKER="0", WEB_WORKERS="2")
    return any_outage_desk.desk


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def worker(desk: Desk, port: int) -> Iterator[CeleryWorker]:
    """Start a worker of both queues with two children, and no beat."""
    queues = ("--queues", "projections,reactions", "--concurrency", "2")
    worker = CeleryWorker(desk, NUMBER, *queues, with_={"METRICS_PORT": str(port)})
    wait_for(lambda: len(queues_of(NUMBER, desk)) == 2)
    yield worker
    if worker.process.poll() is None:
        worker.kill()


def value(url: str, name: str, **labels: str) -> float:
    """Return the sum of the samples with these labels; 0 while nothing answers."""
    try:
        text = httpx.get(url, timeout=10).text
    except httpx.TransportError:
        return 0
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def directories(service: str, process: subprocess.Popen[bytes] | None) -> list[Path]:
    """Return where the process and its children count."""
    assert process is not None
    return [*IN_MEMORY.glob(f"order-desk-*/{service}-{process.pid}-*")]


class TestWebProcesses:
    def test_report_what_all_of_them_have_answered(self, desk: Desk, api: httpx.Client):
        url = f"{desk.url}/metrics"
        labels = {"route": "order-list", "method": "GET", "status": "200"}
        before = value(url, "cqrs_http_requests_total", **labels)

        def read(_: int) -> int:  # each on a connection of its own: any of the processes
            return httpx.get(f"{desk.url}/api/orders", headers=api.headers).status_code

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(read, range(READS))) == {200}
        for _ in range(4):
            assert value(url, "cqrs_http_requests_total", **labels) == before + READS
        [shared] = directories("web", desk.process)
        assert len([*shared.glob("counter_*.db")]) == 2
        seats = lambda: value(url, "desk_web_seats", share="writes")  # noqa: E731
        assert wait_for(lambda: seats() == 10)


class TestWorker:
    def test_reports_what_its_children_do_and_is_seen(
        self, desk: Desk, api: httpx.Client, worker: CeleryWorker, port: int
    ):
        url = f"http://127.0.0.1:{port}/metrics"
        registered(api, f"{uuid7()}@example.com")
        done = {"reaction": "send_welcome_email", "outcome": "done"}
        wait_for(lambda: value(url, "cqrs_reaction_attempts_total", **done) == 1)
        assert value(f"{desk.url}/metrics", "cqrs_heartbeats", kind="worker") >= 2
        assert len(directories("worker", worker.process)) == 1

    def test_leaves_nothing_behind_when_it_is_stopped(self, desk: Desk, worker: CeleryWorker):
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(STOP_S) == 0
        assert queues_of(NUMBER, desk) == set()
        assert directories("worker", worker.process) == []


def queues_of(number: int, desk: Desk) -> set[str]:
    """Return the queues of which a worker is known to live."""
    text = httpx.get(f"{desk.url}/metrics", timeout=10).text
    return {
        sample.labels["queue"]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("name", "").startswith(f"worker-{number}@")
    }
