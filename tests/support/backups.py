"""Back up and restore databases with PostgreSQL's own programs."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.db import connections

from config.database.embedded.account import server_account
from config.database.embedded.binaries import find_binaries

COPY_STAYS = re.compile(
    r"cannot drop (schema read_\w+|extension pg_trgm) because"
    r'|schema "read_\w+" already exists'
)


@dataclass(frozen=True, slots=True)
class Backup:
    """A dump of the database of an alias, as it was when this was made."""

    alias: str
    file: Path

    def restore(self) -> None:
        """Take the database back, while it serves."""
        restored_from(self.file, _url(self.alias))


def back_up(alias: str, folder: Path) -> Backup:
    """Dump the database that the tests use under this name."""
    return Backup(alias, dumped(_url(alias), folder / f"{alias}-{len(list(folder.iterdir()))}"))


def dumped(url: str, file: Path) -> Path:
    """Dump the database at this address; return the file."""
    done = _run("pg_dump", url, "--format=custom", f"--file={file}")
    assert done.returncode == 0, done.stderr
    return file


def restored_from(file: Path, url: str) -> None:
    """Restore a dump into the database at this address, whatever is in it and connected to it.

    The schemas of copies that are newer than the dump stay, with what they need: no more may fail.
    """
    done = _run("pg_restore", url, "--clean", "--if-exists", str(file))
    errors = [line for line in done.stderr.splitlines() if "ERROR:" in line]
    assert all(COPY_STAYS.search(line) for line in errors), done.stderr
    assert errors or done.returncode == 0, done.stderr


def _url(alias: str) -> str:
    given = connections[alias].settings_dict
    where = f"{given['HOST']}:{given['PORT']}/{given['NAME']}"
    return f"postgresql://{given['USER']}:{quote(given['PASSWORD'])}@{where}"


def _run(program: str, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder = Path(tempfile.gettempdir())
    postgres = find_binaries(folder, server_account(), None)["postgres"].resolve()
    command = [str(postgres.parent / program), f"--dbname={url}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
