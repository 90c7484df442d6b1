"""Writers, readers and worker processes around what is under test, in pytest's own databases."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections

from cqrs.messaging.context import system_context, use_context
from orders.commands import ConfirmOrder, CreateOrder
from readmodels.models import OrderReadModel
from tests.support.desk import REPOSITORY
from tests.support.scenarios import accepted, content, customer

COLUMNS = "id, customer_id, customer_name, status, currency, total_amount, version, document"
PAUSE_S = 0.01


def url(alias: str) -> str:
    """Return the address of the database that the tests use under this name."""
    given = connections[alias].settings_dict
    where = f"{given['HOST']}:{given['PORT']}/{given['NAME']}"
    return f"postgresql://{given['USER']}:{given['PASSWORD']}@{where}"


def manage(*arguments: str) -> subprocess.Popen[str]:
    """Begin a management command on the databases of the tests."""
    addresses = {"DATABASE_URL": url("default"), "REPLICA_DATABASE_URL": url("replica")}
    return subprocess.Popen(
        [sys.executable, str(REPOSITORY / "manage.py"), *arguments],
        env={**os.environ, **addresses},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def managed(*arguments: str) -> tuple[int, str]:
    """Run a management command to its end; return the exit code and what it said."""
    process = manage(*arguments)
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


@contextmanager
def projecting() -> Iterator[subprocess.Popen[str]]:
    """Let a process project for the block; it must still be there at the end."""
    process = manage("projections", "run")
    try:
        yield process
        assert process.poll() is None, "the worker has ended"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


class Traffic:
    """Threads that do something over and over until the block ends, which raises what they did."""

    def __init__(self) -> None:
        self.placed: list[Any] = []
        self.reads = 0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    def __enter__(self) -> "Traffic":
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        for error in self._errors:
            raise error

    def repeat(self, act: Callable[[], None]) -> None:
        def run() -> None:
            try:
                with use_context(system_context(actor="test")):
                    while not self._stop.is_set():
                        act()
                        time.sleep(PAUSE_S)
            except BaseException as error:  # noqa: BLE001  shown at the end of the block
                self._errors.append(error)
            finally:
                connections.close_all()

        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()

    def write(self) -> None:
        """Place and confirm orders."""
        buyer = customer()

        def act() -> None:
            key = accepted(CreateOrder, **content(buyer)).id
            accepted(ConfirmOrder, order_id=key)
            self.placed.append(key)

        self.repeat(act)

    def read_with(self, read: Callable[[], list[tuple[Any, ...]]]) -> None:
        """Read all orders: none that was there once may be gone or older, none half of a thing."""
        versions: dict[Any, int] = {}

        def act() -> None:
            rows = read()
            found = {row[0]: row[6] for row in rows}
            lost = [key for key in versions if found.get(key, 0) < versions[key]]
            assert not lost, f"{len(lost)} of {len(versions)} orders are gone or older"
            for key, *_, status, _currency, _total, _version, document in rows:
                assert f'"id":"{key}"' in document
                assert f'"status":"{status}"' in document
            versions.update(found)
            self.reads += 1

        self.repeat(act)

    def read_plainly(self) -> None:
        """Read with a statement that was prepared long before."""
        connection = psycopg.connect(url("replica"), autocommit=True)
        query = f"SELECT {COLUMNS} FROM read_orders"
        self.read_with(lambda: connection.execute(query, prepare=True).fetchall())

    def read_with_the_orm(self) -> None:
        names = COLUMNS.split(", ")
        self.read_with(lambda: list(OrderReadModel.objects.values_list(*names)))
