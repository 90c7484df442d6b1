"""Choose the server's account: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from config.database.embedded.errors import OWN_SERVER, EmbeddedPostgresError

# No other variables: PGPORT, PGOPTIONS or another locale would change the server.
PASSED_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        return self.uid != os.geteuid()

    def own(self, path: Path) -> None:
        """Give the file or folder to the server's account."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def environment(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
        return {**passed, "LC_ALL": "C"}

    def run(
        self, command: Sequence[str | Path], output: int | IO[bytes] = subprocess.PIPE
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program of PostgreSQL in a session of its own, which gets no Ctrl-C."""
        identity: dict[str, Any] = {}
        if self.is_other:
            identity = {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(  # noqa: S603 (fixed programs, no shell)
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",  # the other account may not be allowed to enter the caller's folder
            env=self.environment(),
            start_new_session=True,
            umask=0o077,
            **identity,
        )


def server_account() -> Account:
    """Return the account of this process, or for root the first unprivileged one that exists."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody`",
        remedy=f"Run as an ordinary user, {OWN_SERVER}",
    )
