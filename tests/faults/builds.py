"""Other builds of the desk: copies of its source, changed, whose commands run in processes.

Each build has one process that has imported everything; every command is a fork of it.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from tests.faults.traffic import url
from tests.support.desk import REPOSITORY

PACKAGES = ("config", "cqrs", "customers", "orders", "readmodels")
NEWER = Path(__file__).parent / "newer"
LAUNCHER = """
import json, os, signal, sys
sys.path.insert(0, sys.argv[1])
from config.wsgi import application
from django.core.management import execute_from_command_line

def run(arguments, output):
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    code = 0
    try:
        execute_from_command_line(["manage.py", *arguments])
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        import traceback
        traceback.print_exc()
        code = 2
    sys.stdout.flush()
    os._exit(code)

for line in sys.stdin:
    task, *about = json.loads(line)
    if task == "start":
        pid = os.fork()
        if pid == 0:
            run(*about)
        print(pid, flush=True)
    else:
        print(os.waitstatus_to_exitcode(os.waitpid(about[0], 0)[1]), flush=True)
"""


class Build:
    """A copy of the source. Its commands work on the databases of the tests."""

    def __init__(self, folder: Path, grace_s: float) -> None:
        """Copy the source; let the build park what it cannot read after `grace_s`."""
        self.folder, self.outputs = folder, 0
        for name in PACKAGES:
            shutil.copytree(REPOSITORY / name, folder / name)
        shutil.copy(REPOSITORY / "pyproject.toml", folder)  # which has the version
        self.append("config/settings.py", f'CQRS["NEWER_CODE_GRACE_S"] = {grace_s}')
        self.append("config/settings.py", 'CQRS["EVENT_SCHEMAS_DIR"] = None')

    def append(self, name: str, *lines: str) -> None:
        with (self.folder / name).open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def replace(self, name: str, before: str, after: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert text.count(before) == 1, f"{name} has changed: {before}"
        path.write_text(text.replace(before, after))

    def __enter__(self) -> "Build":
        addresses = {"DATABASE_URL": url("default"), "REPLICA_DATABASE_URL": url("replica")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(self.folder)],
            env={**os.environ, **addresses},
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a management command to its end; return the exit code and what it said."""
        pid, output = self._start(arguments)
        return self._ask("wait", pid), output.read_text()

    def succeed(self, *arguments: str) -> str:
        """Run a management command that must end well; return what it said."""
        code, said = self.run(*arguments)
        assert code == 0, said
        return said

    @contextmanager
    def projecting(self) -> Iterator[None]:
        """Let a worker of this build project for the block, and end by itself after it."""
        pid, output = self._start(("projections", "run"))
        try:
            yield
        finally:
            os.kill(pid, 15)
            code = self._ask("wait", pid)
        assert code == 0, output.read_text()

    def _start(self, arguments: tuple[str, ...]) -> tuple[int, Path]:
        self.outputs += 1
        output = self.folder / f"output-{self.outputs}"
        return self._ask("start", arguments, str(output)), output

    def _ask(self, *task: object) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


def newer_build(folder: Path, grace_s: float) -> Build:
    """Return a build with version 3 of orders, a new event type and a new schema version."""
    build = Build(folder, grace_s)
    shutil.copytree(NEWER, folder, dirs_exist_ok=True)
    build.append(
        "orders/events.py",
        "class OrderFlagged(OrderEvent):",
        '    wire_name: ClassVar[str] = "orders.order_flagged"',
        "EVENTS = (*EVENTS, OrderFlagged)",
    )
    build.replace(
        "orders/audit.py",
        "ORDER BY version DESC))[1] AS status",
        "ORDER BY version DESC) FILTER (WHERE type <> 'orders.order_flagged'))[1] AS status",
    )
    wire_name = 'wire_name: ClassVar[str] = "customers.customer_updated"'
    build.replace(
        "customers/events.py",
        wire_name,
        f"{wire_name}\n    schema_version: ClassVar[int] = 2\n    consent: bool = False",
    )
    build.append(
        "customers/events.py",
        "UPCASTERS[CustomerUpdated.wire_name, 1] = lambda data: {**data, 'consent': False}",
    )
    build.append(
        "readmodels/projections/__init__.py",
        "from readmodels.projections.orders_v3 import OrdersV3",
        "PROJECTIONS = (*PROJECTIONS, OrdersV3())",
    )
    return build
