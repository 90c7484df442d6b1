"""`projections status`: how far each projection has come."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from cqrs.event_log import sequencer
from cqrs.management.projections.subcommand import Subcommand, fail_with
from cqrs.operations.status import ProjectionStatus, statuses
from cqrs.projections.registry import projections

COLORS = {"level": "green", "behind": "yellow", "outdated": "yellow"}
NUMBERS = ("version", "position", "head", "lag", "lag s", "rate", "parked")


class Status(Subcommand):
    """Prints the table; fails when a projection lags too far or has parked events."""

    name = "status"
    help = "show position, lag and state of each"

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument(
            "--max-lag", type=float, metavar="SECONDS", help="fail when any lags longer than this"
        )

    def handle(self, *, json: bool, max_lag: float | None, **_: Any) -> None:
        found, pending_s = statuses(projections()), sequencer.oldest_pending_age_s()
        if json:
            self.stdout.write(as_json(found, pending_s))
        else:
            self.console().print(status_table(found, pending_s))
        fail_with(complaints(found, pending_s, max_lag))


def status_table(found: Sequence[ProjectionStatus], pending_s: float) -> Group:
    """Return the projections as a table, and a line about the sequencer below it."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("projection", no_wrap=True)
    for heading in NUMBERS:
        table.add_column(heading, justify="right")
    table.add_column("state")
    for status in found:
        table.add_row(*_cells(status), Text(status.state, COLORS.get(status.state, "red")))
    waits = f"oldest event without a position waits {pending_s:.1f} s"
    return Group(table, f"sequencer: {waits if pending_s else 'nothing is waiting'}")


def _cells(status: ProjectionStatus) -> list[str]:
    return [
        status.projection,
        str(status.version),
        f"{status.position:,}",
        f"{status.head:,}",
        f"{status.lag_events:,}",
        f"{status.lag_seconds:.1f}",
        "–" if status.rate is None else f"{status.rate:,.0f}",  # noqa: RUF001
        str(status.parked),
    ]


def as_json(found: Sequence[ProjectionStatus], pending_s: float) -> str:
    document = {
        "projections": [asdict(status) for status in found],
        "sequencer": {"oldest_pending_seconds": round(pending_s, 3)},
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def complaints(
    found: Sequence[ProjectionStatus], pending_s: float, max_lag: float | None
) -> list[str]:
    """Return why the command fails: parked events, and lags beyond `max_lag` seconds."""
    parked = [f"{one.projection} has {one.parked} parked events" for one in found if one.parked]
    if max_lag is None:
        return parked
    lags = {one.projection: one.lag_seconds for one in found}
    # An event without a position is in no projection's lag, and late all the same.
    lags["the sequencer"] = pending_s
    return parked + [
        f"{name} lags {lag:.1f} s behind" for name, lag in lags.items() if lag > max_lag
    ]
