"""Real servers for the tests, there before the settings are read.

Loaded with `-p tests.support.environment`, ahead of pytest-django, which reads the settings before
any conftest. Servers that the environment names are used; the others are private and end with the
tests. Of several test processes (`-n`) each has private servers of its own, and the process that
only hands out the tests has none.
"""

import atexit
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support.distribution import NAMED_SERVERS, processes
from tests.support.servers import private_postgres, private_redis

# Reading the settings of the process without servers must not start any.
NOWHERE = "postgresql://none@127.0.0.1:1/none"
_UNUSED = dict.fromkeys(("DATABASE_URL", "REPLICA_DATABASE_URL"), NOWHERE)
# Hundreds of processes import the same modules, and would compile them anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    for name, value in _UNUSED.items():
        if os.environ.get(name) == value:  # inherited from the process that hands out the tests
            del os.environ[name]
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    atexit.register(stack.close)
    _prepare(stack, hands_out=_hands_out(early_config.known_args_namespace))


def _hands_out(options: Any) -> bool:
    """Say whether this process leaves all tests to others."""
    if "PYTEST_XDIST_WORKER" in os.environ or options.usepdb:
        return False
    number = options.numprocesses
    if number in ("auto", "logical"):
        return processes() > 0
    if number and NAMED_SERVERS:
        names = " and ".join(NAMED_SERVERS)
        raise pytest.UsageError(f"-n: tests at one server take turns; leave it out, or {names}")
    return bool(number)


def _prepare(stack: ExitStack, *, hands_out: bool) -> None:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="order-desk-tests-")))
    folder.chmod(0o755)  # PostgreSQL runs as another user when the tests run as root
    os.environ["LOCAL_DIR"] = str(folder / "local")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    full = os.environ.get("FAULT_COUNTS") == "full"
    settings.register_profile("cqrs", max_examples=500 if full else 12)
    if hands_out:
        os.environ.update(_UNUSED)
        return
    if "DATABASE_URL" not in os.environ:
        (folder / "postgres").mkdir()
        postgres = stack.enter_context(private_postgres(folder / "postgres"))
        os.environ.update(postgres.variables, ADMIN_DATABASE_URL=postgres.url)
    if "REPLICA_WRITER_DATABASE_URL" in os.environ:
        # A test is one transaction in each database: what writes also reads, through one alias.
        os.environ["REPLICA_DATABASE_URL"] = os.environ.pop("REPLICA_WRITER_DATABASE_URL")
    if "REDIS_URL" not in os.environ:
        os.environ["REDIS_URL"] = stack.enter_context(private_redis()).url
