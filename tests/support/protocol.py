"""Count what a block sends to the servers, by libpq's own trace of the protocol."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connections

SUPPRESS_TIMESTAMPS = 1


class Traffic:
    """The messages of a block: how many of each kind this process sent, and the commits."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {}

    @property
    def round_trips(self) -> int:
        """Return the number of Sync and Query messages."""
        return sum(self.sent("Sync", alias) + self.sent("Query", alias) for alias in self.lines)

    @property
    def waits(self) -> int:
        """Return how often this process asked for results: also within a pipeline."""
        return self.round_trips + sum(self._inner_flushes(alias) for alias in self.lines)

    @property
    def commits(self) -> int:
        """Return how many commits the servers confirmed."""
        return sum(
            line.startswith("B") and line.endswith('"COMMIT"')
            for lines in self.lines.values()
            for line in lines
        )

    def sent(self, kind: str, alias: str) -> int:
        return self._sent(alias).count(kind)

    def _inner_flushes(self, alias: str) -> int:
        """Return the flushes that do not just follow a Sync, which has flushed already."""
        pairs = pairwise(self._sent(alias))
        return sum(one == "Flush" and before != "Sync" for before, one in pairs)

    def _sent(self, alias: str) -> list[str]:
        # F, length, kind; a text of several lines goes on without these.
        found = (line.split("\t") for line in self.lines[alias])
        return [parts[2].strip() for parts in found if parts[0] == "F" and len(parts) > 2]


@contextmanager
def traffic(*aliases: str) -> Iterator[Traffic]:
    """Record the messages of this thread's connections to these aliases."""
    found = Traffic()
    with TemporaryDirectory() as folder:
        with ExitStack() as traces:
            for alias in aliases:
                traces.enter_context(_traced(alias, Path(folder) / alias))
            yield found
        for alias in aliases:
            found.lines[alias] = (Path(folder) / alias).read_text().splitlines()


@contextmanager
def _traced(alias: str, path: Path) -> Iterator[None]:
    connections[alias].ensure_connection()
    raw: Any = connections[alias].connection
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    raw.pgconn.trace(file)
    raw.pgconn.set_trace_flags(SUPPRESS_TIMESTAMPS)
    try:
        yield
    finally:
        raw.pgconn.untrace()
        os.close(file)
