"""The runbooks as the tests execute them: the commands of a page, word by word."""

import re
import subprocess
import textwrap
from pathlib import Path

from config.database.embedded.account import server_account
from config.database.embedded.binaries import find_binaries
from tests.support.desk import REPOSITORY, Desk

FOLDER = REPOSITORY / "docs/runbooks"
BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def blocks(name: str) -> list[str]:
    """Return what stands in the page's blocks of shell commands, in order."""
    text = (FOLDER / f"{name}.md").read_text()
    return [textwrap.dedent(block) for _, block in BLOCK.findall(text)]


def managed(block: str) -> list[str]:
    """Return the management commands of a block, without `manage.py`."""
    return [each.strip() for each in re.findall(r"^manage\.py ([^#\n]+)", block, re.MULTILINE)]


def run(block: str, desk: Desk, **environment: str) -> str:
    """Execute the block, which has to succeed; return what it said."""
    done = attempt(block, desk, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def attempt(block: str, desk: Desk, **environment: str) -> subprocess.CompletedProcess[str]:
    """Execute the block as pasted: the shell goes on after a failure unless the page stops it."""
    programs = _programs(desk.folder)
    given = desk.environment_of_commands(**environment)
    return subprocess.run(
        ["sh", "-c", block],
        env={**given, "PATH": f"{programs}:{given['PATH']}"},
        cwd=desk.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _programs(folder: Path) -> Path:
    """Return PostgreSQL's programs, those of the servers that the tests run."""
    return find_binaries(folder, server_account(), None)["postgres"].resolve().parent
