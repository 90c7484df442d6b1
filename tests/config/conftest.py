"""A private PostgreSQL of a test's own, in a folder that every account may use."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.database.embedded import postmaster
from config.database.embedded.home import home
from tests.config.desk_user import data_of, home_of
from tests.support.desk import wait_for


@pytest.fixture
def local() -> Iterator[Path]:
    """Return a new LOCAL_DIR."""
    with _local_dir() as folder:
        yield folder


@pytest.fixture(scope="class")
def used_local() -> Iterator[Path]:
    """Return a LOCAL_DIR that earlier tests of the class have used."""
    with _local_dir() as folder:
        yield folder


@contextmanager
def _local_dir() -> Iterator[Path]:
    # Every account may use it, which pytest's own folders are not for.
    folder = Path(tempfile.mkdtemp(prefix="order-desk-local-"))
    folder.chmod(0o777)
    yield folder
    running = postmaster.find(data_of(folder))
    if running:
        os.kill(running.pid, signal.SIGQUIT)
        wait_until_gone(data_of(folder))
    if (folder / "id").exists():
        shutil.rmtree(home_of(folder))
    shutil.rmtree(folder)


@pytest.fixture
def own_home(local: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOCAL_DIR", str(local))
    return home()


def wait_until_gone(data: Path) -> None:
    wait_for(lambda: not postmaster.find(data), 20)
