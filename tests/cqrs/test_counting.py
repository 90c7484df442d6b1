"""Processes that share a directory report together."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cqrs.metrics import Counted, is_shared
from cqrs.testing.threads import together
from tests.support.counted import counted_more
from tests.support.desk import REPOSITORY

COUNTING = """
import sys, pathlib
from cqrs import metrics
metrics.use_directory(pathlib.Path(sys.argv[1]))
metrics.THROTTLED["read",].inc(int(sys.argv[2]))
metrics.REQUEST_DURATION["order-list", "GET"].observe(0.02)
metrics.BREAKER_OPENED["redis",].set(int(sys.argv[2]))
print("counted", flush=True)
sys.stdin.read()
"""
FORKING = """
import os, sys, pathlib
from cqrs import metrics
metrics.use_directory(pathlib.Path(sys.argv[1]))
metrics.THROTTLED["read",].inc()
for _ in range(2):
    if not os.fork():
        metrics.THROTTLED["read",].inc(10)
        os._exit(0)
    os.wait()
"""


class Process:
    """Counts, and lives until its input ends."""

    def __init__(self, folder: Path, number: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COUNTING, str(folder), str(number)],
            cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"counted\n"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    first, second = Process(tmp_path, 2), Process(tmp_path, 3)
    yield first, second
    first.kill()
    second.kill()


def reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    return {
        sample.name: sample.value for family in Counted().collect() for sample in family.samples
    }


class TestProcesses:
    def test_are_added_up_and_only_what_they_counted_outlives_them(
        self, pair: tuple[Process, Process], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        found = reported(tmp_path, monkeypatch)
        assert found["cqrs_throttled_requests_total"] == 5
        assert found["cqrs_http_request_duration_seconds_count"] == 2
        assert found["cqrs_breaker_opened_timestamp_seconds"] == 3
        pair[1].kill()
        found = reported(tmp_path, monkeypatch)
        assert found["cqrs_throttled_requests_total"] == 5
        assert found["cqrs_http_request_duration_seconds_count"] == 2
        assert found["cqrs_breaker_opened_timestamp_seconds"] == 2

    def test_count_apart_after_a_fork(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        subprocess.run([sys.executable, "-c", FORKING, str(tmp_path)], cwd=REPOSITORY, check=True)
        found = reported(tmp_path, monkeypatch)
        assert found["cqrs_throttled_requests_total"] == 21
        assert len([*tmp_path.glob("counter_*.db")]) == 3


class TestOneProcess:
    def test_counts_in_memory_without_a_directory(self):
        assert not is_shared()
        assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ

    def test_loses_nothing_that_its_threads_count(self):
        from cqrs.metrics import THROTTLED

        more = counted_more("cqrs_throttled_requests_total", rate="read")
        together(*[lambda: [THROTTLED["read",].inc() for _ in range(20_000)]] * 4)
        assert more() == 80_000
