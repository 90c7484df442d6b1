"""Short ways to import order CSV files, and to see what came of it."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from uuid import UUID

from django.core.management import call_command
from django.db import connections

from orders.models import Order
from orders.order_csv import stable_id
from tests.support.csv_files import rows_of
from tests.support.desk import REPOSITORY

SUMMARY = re.compile(
    r"(\d+) orders imported, (\d+) known already, (\d+) rejected,"
    r" in \d+\.\d s \(\d+ orders/s\)"
)


@dataclass
class Run:
    """What one import said: exit code, counts of imported, known and rejected, and its lines."""

    code: int
    counts: tuple[int, ...]
    lines: list[str]


def run(path: Path) -> Run:
    stdout, code = StringIO(), 0
    try:
        call_command("import_orders", str(path), stdout=stdout)
    except SystemExit as ended:
        code = int(str(ended.code))
    return ran(code, stdout.getvalue())


def ran(code: int, stdout: str) -> Run:
    """Read what a run said."""
    lines = stdout.splitlines()
    summary = SUMMARY.fullmatch(lines[0])
    assert summary, stdout
    return Run(code, tuple(map(int, summary.groups())), lines[1:])


def importing(path: Path, **environment: str) -> subprocess.Popen[str]:
    """Begin the real command over the test's databases."""
    urls = {
        name: "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(
            **connections[alias].settings_dict
        )
        for name, alias in (("DATABASE_URL", "default"), ("REPLICA_DATABASE_URL", "replica"))
    }
    return subprocess.Popen(
        [sys.executable, str(REPOSITORY / "manage.py"), "import_orders", str(path)],
        env={**os.environ, **urls, "LOG_LEVEL": "WARNING", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=default_interrupts,
    )


def default_interrupts() -> None:
    """Let Ctrl-C interrupt, also where the tests were started by something that ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def rejected(path: Path) -> Path:
    """Return where the rejected rows of a file are."""
    return path.with_name(f"{path.name}.rejected.csv")


def reasons(path: Path) -> list[tuple[str, str]]:
    return [(one["order_id"], one["reason"]) for one in rows_of(rejected(path))]


def orders() -> set[UUID]:
    return set(Order.objects.values_list("pk", flat=True))


def keys(*texts: str) -> set[UUID]:
    return {stable_id("order", text) for text in texts}
