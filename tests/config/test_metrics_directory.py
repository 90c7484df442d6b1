"""Each start of a service counts in a directory of its own, and leaves none behind."""

import os
import subprocess
import sys
from pathlib import Path

from config.monitoring.metrics_directory import IN_MEMORY
from tests.support.desk import REPOSITORY

SERVICE = """
import pathlib, sys
import structlog
from config.monitoring import metrics_directory
from cqrs import metrics
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
metrics_directory.IN_MEMORY = pathlib.Path(sys.argv[1])
print(metrics_directory.count_together("web"), flush=True)
metrics.THROTTLED["read",].inc()
sys.stdin.read()
"""
COMMAND = """
import os, sys
sys.argv = ["manage.py", "help"]
import manage
manage.main()
from cqrs import metrics
metrics.THROTTLED["read",].inc()
"""


def start(local: Path, memory: Path = IN_MEMORY) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a service; return it with its directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(memory)],
        cwd=REPOSITORY, env={**os.environ, "LOCAL_DIR": str(local)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    return process, Path(process.stdout.readline().decode().strip())


def ended(process: subprocess.Popen[bytes]) -> int:
    """Let a service count once more and end; return its exit code."""
    process.communicate()
    return process.returncode


class TestDirectory:
    def test_is_removed_at_the_end_and_after_a_kill_by_the_next_start(self, tmp_path: Path):
        killed, left = start(tmp_path)
        killed.kill()
        killed.communicate()
        assert left.is_dir()
        first, one = start(tmp_path)
        assert not left.exists()
        second, other = start(tmp_path)
        assert one.is_dir()
        assert other.is_dir()
        assert one != other
        for process in (first, second):
            assert ended(process) == 0
        assert not one.exists()
        assert not other.exists()

    def test_is_in_memory_for_this_account_alone(self, tmp_path: Path):
        process, found = start(tmp_path / "local", tmp_path)
        assert found.parent == tmp_path / f"order-desk-{os.geteuid()}"
        assert found.parent.stat().st_mode & 0o777 == 0o700
        assert ended(process) == 0
        assert not (tmp_path / "local").exists()

    def test_is_on_the_disk_where_another_account_could_enter_the_one_in_memory(
        self, tmp_path: Path
    ):
        (tmp_path / f"order-desk-{os.geteuid()}").mkdir(mode=0o755)
        process, found = start(tmp_path / "local", tmp_path)
        assert found.parent == tmp_path / "local/metrics"
        assert ended(process) == 0

    def test_is_on_the_disk_where_a_link_stands_for_the_one_in_memory(self, tmp_path: Path):
        (tmp_path / "private").mkdir(mode=0o700)
        (tmp_path / f"order-desk-{os.geteuid()}").symlink_to(tmp_path / "private")
        process, found = start(tmp_path / "local", tmp_path)
        assert found.parent == tmp_path / "local/metrics"
        assert ended(process) == 0

    def test_that_cannot_be_made_leaves_the_process_counting_alone(self, tmp_path: Path):
        (tmp_path / "file").touch()
        process, found = start(tmp_path / "file/local", tmp_path / "missing")
        assert found == Path("None")
        _, log = process.communicate()
        assert b"metrics_not_shared" in log
        assert process.returncode == 0


class TestCommands:
    def test_leave_no_files_in_a_directory_that_the_environment_names(self, tmp_path: Path):
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        subprocess.run(
            [sys.executable, "-c", COMMAND], cwd=REPOSITORY, env=environment, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        assert [*tmp_path.iterdir()] == []
