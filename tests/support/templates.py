"""A server that a desk has served: initdb, migrations and demo data are made once, and copied."""

import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support.desk import served_desk, wait_for
from tests.support.servers import PrivatePostgres, private_postgres
from tests.support.sides import is_level


@contextmanager
def served_postgres() -> Iterator[PrivatePostgres]:
    """Run PostgreSQL with the tables and the demo data that `manage.py serve` makes."""
    with private_postgres(_folder(), template=_served_data()) as postgres:
        yield postgres


@cache
def _served_data() -> Path:
    """Return a data folder that no server uses, for this test process."""
    folder = _folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with private_postgres(_folder()) as postgres:
        with served_desk(**postgres.variables) as desk:
            desk.start()
            wait_for(lambda: is_level(desk))
            desk.stop()
        postgres.stop()  # a copy of a running server's folder would be torn
        subprocess.run(["cp", "-a", postgres.cluster.data, folder], check=True)
    return folder / postgres.cluster.data.name


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="order-desk-"))
