"""Each start of a service counts in a directory of its own, and leaves none behind."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.desk import REPOSITORY

SERVICE = """
import sys
from config.monitoring.metrics_directory import count_together
from cqrs import metrics
print(count_together("web"), flush=True)
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


def start(local: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a service; return it with its directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE],
        cwd=REPOSITORY, env={**os.environ, "LOCAL_DIR": str(local)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    return process, Path(process.stdout.readline().decode().strip())


class TestDirectory:
    def test_is_removed_at_the_end_and_after_a_kill_by_the_next_start(self, tmp_path: Path):
        killed, left = start(tmp_path)
        killed.kill()
        killed.communicate()
        assert left.is_dir()
        first, one = start(tmp_path)
        assert not left.exists()
        second, other = start(tmp_path)
        assert {path for path in (tmp_path / "metrics/web").iterdir() if path.is_dir()} == {
            one,
            other,
        }
        for process in (first, second):
            process.communicate()
            assert process.returncode == 0
        assert not one.exists()
        assert not other.exists()


class TestCommands:
    def test_leave_no_files_in_a_directory_that_the_environment_names(self, tmp_path: Path):
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        subprocess.run(
            [sys.executable, "-c", COMMAND], cwd=REPOSITORY, env=environment, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        assert [*tmp_path.iterdir()] == []
