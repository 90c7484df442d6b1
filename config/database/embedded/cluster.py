"""The data folder with its credentials. It is created once, complete or not at all."""

import json
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from config.database.embedded.account import Account
from config.database.embedded.binaries import Binaries
from config.database.embedded.errors import OWN_SERVER, EmbeddedPostgresError

ADMINISTRATOR = "desk"  # a superuser, used for setting up alone
CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''    # a path of 107 bytes at most: TCP has no such limit
max_connections = 100
shared_buffers = '128MB'
max_wal_size = '1GB'
wal_level = logical             # so that change data capture can be turned on later
max_slot_wal_keep_size = '2GB'  # what a slot that no process reads can hold
timezone = 'UTC'
log_timezone = 'UTC'
"""


@dataclass(frozen=True)
class State:
    """The credentials, stored inside the data folder so that one is never without the other."""

    password: str
    port: int | None = None
    role_passwords: dict[str, str] = field(default_factory=dict)
    rights: str = ""
    """A digest of the SQL that gave the roles their rights: another build has another SQL."""


@dataclass(frozen=True)
class Cluster:
    home: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def major(self) -> int | None:
        """Return the version that created the data folder, None when there is none."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def state(self) -> State:
        stored = json.loads((self.data / "desk.json").read_text())
        known = {each.name for each in fields(State)}  # other builds store other fields
        return State(**{name: value for name, value in stored.items() if name in known})

    def update_state(self, **changes: Any) -> None:
        _write_state(self.data, replace(self.state(), **changes))


def create(cluster: Cluster, binaries: Binaries, *options: str) -> None:
    """Create the data folder under another name, and rename it when it is complete."""
    for unfinished in cluster.home.glob("postgres-draft-*"):
        shutil.rmtree(unfinished)
    draft = cluster.home / f"postgres-draft-{secrets.token_hex(4)}"
    data, password_file = draft / "data", draft / "password"
    draft.mkdir(mode=0o700)
    password_file.write_text(secrets.token_urlsafe(24))
    for path in (draft, password_file):
        cluster.account.own(path)
    _initdb(cluster, binaries, data, password_file, options)
    with (data / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION)
    _write_state(data, State(password_file.read_text()))
    data.rename(cluster.data)
    shutil.rmtree(draft)


def _initdb(
    cluster: Cluster, binaries: Binaries, data: Path, password_file: Path, options: Sequence[str]
) -> None:
    command: list[str | Path] = [
        binaries["initdb"],
        "-D",
        data,
        f"--username={ADMINISTRATOR}",
        f"--pwfile={password_file}",
    ]
    command += options
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
    for locale in _locales(binaries.major):
        answer = cluster.account.run([*command, *locale])
        cluster.log.write_bytes(answer.stdout)
        if answer.returncode == 0:
            return
        shutil.rmtree(data, ignore_errors=True)
    raise EmbeddedPostgresError(
        f"{binaries['initdb']} failed",
        log=cluster.log,
        remedy=f"Repair what the log names, {OWN_SERVER}",
    )


def _locales(major: int) -> list[list[str]]:
    """Sort by code point, with upper and lower case beyond ASCII where the server has it."""
    if major >= 17:
        return [["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    return [["--lc-ctype=C.UTF-8"], []]


def _write_state(data: Path, state: State) -> None:
    draft = data / f"desk.json.{secrets.token_hex(4)}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(state), file)
    draft.replace(data / "desk.json")
