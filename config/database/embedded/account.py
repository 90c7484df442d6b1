"""Whom the server runs as: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from config.database.embedded.errors import OWN_SERVER, EmbeddedPostgresError

# Nothing else of the environment: PGPORT, PGOPTIONS or a foreign locale would change the server.
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")


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
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        return {**kept, "LC_ALL": "C"}

    def run(
        self, command: Sequence[str | Path], output: int | IO[bytes] = subprocess.PIPE
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program of PostgreSQL's; a session of its own keeps the terminal's Ctrl-C away."""
        identity: dict[str, Any] = {}
        if self.is_other:
            identity = {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(  # noqa: S603 (fixed programs, no shell)
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",  # the caller's own folder may be closed to the other account
            env=self.environment(),
            start_new_session=True,
            umask=0o077,
            **identity,
        )


def server_account() -> Account:
    """Return this process's own account, or for root the first unprivileged one there is."""
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
