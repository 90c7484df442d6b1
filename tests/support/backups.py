"""Back up and restore a database of the test with PostgreSQL's own programs."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

from config.database.embedded.account import server_account
from config.database.embedded.binaries import find_binaries


@dataclass(frozen=True, slots=True)
class Backup:
    """A dump of the database of an alias, as it was when this was made."""

    alias: str
    file: Path

    def restore(self) -> None:
        """Take the database back, while it serves: `pg_restore --clean`."""
        run("pg_restore", self.alias, "--clean", "--if-exists", "--exit-on-error", str(self.file))


def back_up(alias: str, folder: Path) -> Backup:
    file = folder / f"{alias}-{len(list(folder.iterdir()))}.dump"
    run("pg_dump", alias, "--format=custom", f"--file={file}")
    return Backup(alias, file)


def run(program: str, alias: str, *arguments: str) -> None:
    """Run a program on the database of an alias."""
    known = connections[alias].settings_dict
    connections[alias].close()  # a session that idles in no transaction would not matter
    binaries = find_binaries(Path("/tmp"), server_account(), None)
    command = [
        str(binaries["postgres"].resolve().parent / program),
        f"--host={known['HOST']}",
        f"--port={known['PORT']}",
        f"--username={known['USER']}",
        f"--dbname={known['NAME']}",
        *arguments,
    ]
    environment = {**os.environ, "PGPASSWORD": known["PASSWORD"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
