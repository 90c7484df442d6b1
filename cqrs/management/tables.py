"""What operators see of the projections on a terminal."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from cqrs.operations.status import ProjectionStatus

COLORS = {"level": "green", "behind": "yellow", "outdated": "yellow"}
NUMBERS = ("version", "position", "head", "lag", "lag s", "rate", "parked")


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


def parked_line(row: Any) -> str:
    """Return what is to be known of a parked event: what failed, and what comes next."""
    waits = "parked until somebody retries it" if row.attempts else "waits behind the one before"
    state = f"tried again at {row.retry_at:%H:%M:%S} UTC" if row.retry_at else waits
    return (
        f"{row.consumer} {row.position}: {row.type} of {row.stream_type} {row.stream_id}"
        f" v{row.version}, event {row.event_id}: {row.attempts} attempt(s), {state}"
        + (f": {row.error}" if row.error else "")
    )
