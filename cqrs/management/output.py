"""Where commands print their tables."""

from typing import Any

from django.core.management.base import OutputWrapper
from rich.console import Console

PIPE_COLUMNS = 120


def console(stdout: OutputWrapper) -> Console:
    """Return a console on a command's output."""
    # Past the wrapper that Django puts around the stream: it ends each write with a line break.
    # What is piped into a file or another program is not cut to 80 columns.
    stream: Any = getattr(stdout, "_out", stdout)
    return Console(file=stream, width=None if stdout.isatty() else PIPE_COLUMNS)
