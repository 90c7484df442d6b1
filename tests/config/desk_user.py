"""Another process that uses the private PostgreSQL until the test ends or kills it."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from config.database.embedded.home import ROOT_HOMES

REPOSITORY = Path(__file__).resolve().parents[2]
JOIN = """
import json, sys
from config.database.embedded import postgres
from config.database.embedded.errors import EmbeddedPostgresError
try:
    print(json.dumps(postgres.urls()), flush=True)
except EmbeddedPostgresError as error:
    sys.exit(str(error))
sys.stdin.read()
"""


class DeskUser:
    """Joins at once; `urls` waits until it has."""

    def __init__(self, local: Path, *, source: str, account: str | None = None, path: str = ""):
        python, identity = _identity(account)
        paths = [path, str(REPOSITORY), sysconfig.get_path("purelib")]
        self._process = subprocess.Popen(
            [python, "-c", JOIN],
            env={
                "PATH": os.environ["PATH"],
                "LOCAL_DIR": str(local),
                "EMBEDDED_POSTGRES": source,
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            },
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **identity,
        )

    def urls(self) -> dict[str, str]:
        line = self._process.stdout.readline()
        assert line, self._process.stderr.read()
        return json.loads(line)

    def leave(self) -> str:
        """Return what it said on stderr, after it has left."""
        return self._process.communicate(timeout=60)[1]

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def home_of(local: Path) -> Path:
    id_file = local / "id"
    return ROOT_HOMES / id_file.read_text() if id_file.exists() else local


def data_of(local: Path) -> Path:
    return home_of(local) / "postgres"


def _identity(account: str | None) -> tuple[str, dict]:
    if account is None:
        return sys.executable, {}
    entry = pwd.getpwnam(account)
    identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    environment = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), sysconfig.get_path("purelib")])}
    for python in (sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        try:
            subprocess.run(
                [python or "", "-c", "import psycopg, config.database.embedded"],
                check=True,
                capture_output=True,
                cwd="/",
                env=environment,
                **identity,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return str(python), identity
    pytest.skip(f"{account} cannot reach this checkout or its Python")
