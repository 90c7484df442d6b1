"""What is measured runs in a process of its own, and prints its figures as one line of JSON."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from config.environment import BASE_DIR


class Failed(RuntimeError):
    """A program ended with an error: its figures would mean nothing."""


def run(module: str, environment: Mapping[str, str], *arguments: object) -> dict[str, Any]:
    """Run a module with these arguments and return the JSON object of its last line."""
    return finish(start(module, environment, *arguments))


def start(
    module: str, environment: Mapping[str, str], *arguments: object
) -> "subprocess.Popen[str]":
    """Start a module; `finish` waits for it."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        env=dict(environment),
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]", given: str = "") -> dict[str, Any]:
    """Wait for the program's end and return what it measured."""
    out, errors = process.communicate(given)
    if process.returncode != 0:
        raise Failed(f"{process.args!r}: exit {process.returncode}\n{errors[-3000:]}")
    lines = out.strip().splitlines()
    return json.loads(lines[-1]) if lines else {}
