"""What the images hold, on a machine without Docker: our code, and new servers."""

import shutil
import subprocess
import sys
from pathlib import Path

from config.database.embedded.account import Account, server_account
from config.database.embedded.binaries import Binaries, find_binaries
from tests.deploy.compose_file import REPOSITORY
from tests.support.servers import redis_server


def copy_of_code(folder: Path) -> Path:
    """Copy and compile what `COPY . .` copies: what .dockerignore lets in."""
    for name in allowed():
        source, target = REPOSITORY / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder], check=True)
    return folder


def allowed() -> list[str]:
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    return [line[1:] for line in lines if line.startswith("!")]


class Postgres:
    """A new server, as the image of PostgreSQL makes it of POSTGRES_PASSWORD_FILE."""

    def __init__(self, folder: Path, password_file: str) -> None:
        self.account: Account = server_account()
        self.data = folder / "data"
        self.binaries: Binaries = find_binaries(folder, self.account, None)
        folder.mkdir(mode=0o755)
        self.account.own(folder)
        command = [self.binaries["initdb"], "-D", self.data, "--username=postgres", "--no-sync"]
        command += [f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"]
        done = self.account.run([*command, "--locale=C", "--lc-ctype=C.UTF-8"])
        assert done.returncode == 0, done.stdout

    def command(self, given: list[str], port: int) -> list[str]:
        """Return the service's own command, at an address of this machine."""
        here = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
        options = [word for each in here for word in ("-c", each)]
        return [self.program(given[0]), "-D", str(self.data), "-p", str(port), *given[1:], *options]

    def program(self, name: str) -> str:
        # Links to the programs need not include pg_isready.
        return str(self.binaries["postgres"].resolve().parent / name)


def redis_program(name: str) -> str:
    return str(redis_server().parent / name)
