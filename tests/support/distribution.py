"""Which test process gets which tests (`-n`): files stay whole, and the longest ones come first.

Loaded with `-p tests.support.distribution`.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

MARKER = "postgresql_version"  # as in on_wheel.py, which pytest must not find imported
MOST_PROCESSES = 5  # each has two servers, some hundred megabytes
# One process has all of a group: they share desks, and more desks at once would starve one another.
DESKS = (("tests/faults/",), ("tests/runbooks/", "tests/e2e/"))
LONGEST = (
    *(folder for group in DESKS for folder in group),
    "tests/deploy/",
    "tests/properties/",
    "tests/http/test_generated_requests.py",
    "tests/config/test_database_roles.py",
)


# Tests at one server take turns: they would hear and count what others do there.
NAMED_SERVERS = [name for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ]


def processes() -> int:
    """Return how many tests may run at the same time; 0: this process runs them."""
    if NAMED_SERVERS:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min((cores or 1) + 1, MOST_PROCESSES)  # one more: those with desks often wait


@pytest.hookimpl(tryfirst=True)  # else the one of xdist itself answers
def pytest_xdist_auto_num_workers() -> int:
    return processes()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore files without a marked test if those alone run: importing all takes seconds."""
    is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    if config.option.markexpr == MARKER and is_test and MARKER not in collection_path.read_text():
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files come in the order in which the processes shall get them."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_rank)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # those with most tests first
    return FilesAndDesks(config, log)


class FilesAndDesks(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return next(
            (group[0] for group in DESKS if nodeid.startswith(group)), super()._split_scope(nodeid)
        )


def _rank(item: pytest.Item) -> int:
    """Return the place of the item's folder or file among the longest."""
    matching = [place for place, path in enumerate(LONGEST) if item.nodeid.startswith(path)]
    return matching[0] if matching else len(LONGEST)
