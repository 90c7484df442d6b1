"""`projections status`: how far each projection and each reaction has come."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from cqrs.cdc.status import CaptureStatus, capture_status
from cqrs.cdc.status_lines import status_lines
from cqrs.consumers.ahead import AheadOfLog
from cqrs.management.arguments import seconds
from cqrs.management.projections.subcommand import Subcommand, fail_with
from cqrs.operations.progress import PROJECTION, REACTION
from cqrs.operations.status import ConsumerStatus, LogStatus, State, log_status, statuses
from cqrs.projections.registry import projections
from cqrs.reactions.registry import reactions

COLORS = {State.LEVEL: "green", State.BEHIND: "yellow"}
KINDS = (PROJECTION, REACTION)
NUMBERS = ("version", "position", "head", "lag", "lag s", "rate", "parked")


class Status(Subcommand):
    """Prints the table; fails when a consumer lags too far, has parked events or is ahead."""

    name = "status"
    help = "show position, lag and state of each"
    examples = (
        "Example: manage.py projections status --max-lag 30."
        " Exit codes: 0; 1 when one lags more than that, has parked events or is ahead of the log."
    )

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument(
            "--max-lag", type=seconds, metavar="SECONDS", help="fail when any lags longer than this"
        )

    def handle(self, *, json: bool, max_lag: float | None, **_: Any) -> None:
        log, capture = log_status(), capture_status()
        found = statuses(log, projections(), reactions())
        if json:
            self.stdout.write(as_json(found, log, capture))
        else:
            self.console().print(status_table(found, log, capture))
        fail_with([*complaints(found, log, max_lag), *capture.complaints()])


def status_table(found: Sequence[ConsumerStatus], log: LogStatus, capture: CaptureStatus) -> Group:
    """Return projections and reactions as tables, and lines on sequencer and change capture."""
    pending_s = log.oldest_pending_seconds
    waits = f"oldest event without a position waits {pending_s:.1f} s"
    return Group(
        *(_table(kind, [one for one in found if one.kind == kind]) for kind in KINDS),
        *(f"{one.consumer}: {one.reason}" for one in found if one.reason),
        f"sequencer: {waits if pending_s else 'nothing is waiting'}",
        *status_lines(capture),
    )


def _table(kind: str, found: Sequence[ConsumerStatus]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column(kind, no_wrap=True)
    for heading in NUMBERS:
        table.add_column(heading, justify="right")
    table.add_column("state")
    for status in found:
        table.add_row(*_cells(status), Text(status.state, COLORS.get(status.state, "red")))
    return table


def _cells(status: ConsumerStatus) -> list[str]:
    return [
        status.consumer,
        str(status.version),
        f"{status.position:,}",
        f"{status.head:,}",
        f"{status.lag_events:,}",
        f"{status.lag_seconds:.1f}",
        "–" if status.rate is None else f"{status.rate:,.0f}",  # noqa: RUF001
        str(status.parked),
    ]


def as_json(found: Sequence[ConsumerStatus], log: LogStatus, capture: CaptureStatus) -> str:
    """Return the statuses by kind; a projection has its name as `projection`, too."""
    documents = [{one.kind: one.consumer, **asdict(one)} for one in found]
    document = {
        **{f"{kind}s": [each for each in documents if each["kind"] == kind] for kind in KINDS},
        "sequencer": {"oldest_pending_seconds": log.oldest_pending_seconds},
        "change_capture": capture.as_document(),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def complaints(found: Sequence[ConsumerStatus], log: LogStatus, max_lag: float | None) -> list[str]:
    """Return why the command fails: what is ahead of the log, parked events, and lags beyond
    `max_lag` seconds.
    """
    ahead = [one.consumer for one in found if one.state is State.AHEAD]
    parked = [str(AheadOfLog(ahead))] if ahead else []
    parked += [f"{one.consumer} has {one.parked} parked events" for one in found if one.parked]
    if max_lag is None:
        return parked
    lags = {one.consumer: one.lag_seconds for one in found}
    # An event without a position is in no consumer's lag, and late all the same.
    lags["the sequencer"] = log.oldest_pending_seconds
    return parked + [
        f"{name} lags {lag:.1f} s behind" for name, lag in lags.items() if lag > max_lag
    ]
