"""See how the projections stand, and run them without Celery."""

from argparse import ArgumentParser, _SubParsersAction
from dataclasses import asdict
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from cqrs import sequencer
from cqrs.audits import audit
from cqrs.consumers import Consumer
from readmodels.management.following import follow
from readmodels.management.tables import status_table
from readmodels.projections import PROJECTIONS
from readmodels.status import ProjectionStatus, statuses

PIPE_COLUMNS = 120


class Command(BaseCommand):
    help = (
        "See how the projections stand (status), bring them up to date (run), find drift (verify)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        _add_status(commands)
        _add_run(commands)
        commands.add_parser("verify", help="compare the write model with the event log")

    def handle(self, *_: Any, command: str, **options: Any) -> None:
        getattr(self, command)(**options)

    def status(self, *, json: bool, max_lag: float | None, **_: Any) -> None:
        """Print the table; fail when a projection lags too far or has parked events."""
        found, pending_s = statuses(PROJECTIONS), sequencer.oldest_pending_age_s()
        if json:
            self.stdout.write(_as_json(found, pending_s))
        else:
            self._console().print(status_table(found, pending_s))
        if complaints := _complaints(found, pending_s, max_lag):
            raise CommandError("; ".join(complaints))

    def run(self, *, names: list[str], until_caught_up: bool, **_: Any) -> None:
        """Project in this process until stopped, or until what is in the log now is applied."""
        follow(chosen(names), self._console(), until_caught_up=until_caught_up)

    def verify(self, **_: Any) -> None:
        """Print what was written past the event log; fail when there is any."""
        count = 0
        for drift in audit():
            count += 1
            self.stdout.write(str(drift))
        if count:
            raise CommandError(f"{count} difference(s) to the event log")
        self.stdout.write("The write model agrees with the event log")

    def _console(self) -> Console:
        # Past the wrapper that Django puts around the stream: it ends each write with a line
        # break. What is piped into a file or another program is not cut to 80 columns.
        stream: Any = getattr(self.stdout, "_out", self.stdout)
        return Console(file=stream, width=None if self.stdout.isatty() else PIPE_COLUMNS)


def chosen(names: list[str]) -> list[Consumer]:
    """Return the projections with these names, or all if none is named."""
    known = {projection.name: projection for projection in PROJECTIONS}
    if unknown := [name for name in names if name not in known]:
        raise CommandError(
            f"There is no projection {', '.join(unknown)}. There are: {', '.join(known)}"
        )
    return [known[name] for name in dict.fromkeys(names or known)]


def _add_status(commands: "_SubParsersAction[Any]") -> None:
    status = commands.add_parser("status", help="show position, lag and state of each")
    status.add_argument("--json", action="store_true", help="print JSON")
    status.add_argument(
        "--max-lag", type=float, metavar="SECONDS", help="fail when any lags longer than this"
    )


def _add_run(commands: "_SubParsersAction[Any]") -> None:
    run = commands.add_parser("run", help="project in this process, without Celery")
    run.add_argument("names", nargs="*", metavar="NAME", help="which; all unless named")
    run.add_argument(
        "--until-caught-up", action="store_true", help="end when the log is applied as it is now"
    )


def _as_json(found: list[ProjectionStatus], pending_s: float) -> str:
    projections = [asdict(status) for status in found]
    sequencer_state = {"oldest_pending_seconds": round(pending_s, 3)}
    document = {"projections": projections, "sequencer": sequencer_state}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _complaints(
    found: list[ProjectionStatus], pending_s: float, max_lag: float | None
) -> list[str]:
    complaints = [f"{one.projection} has {one.parked} parked events" for one in found if one.parked]
    if max_lag is None:
        return complaints
    lags = {one.projection: one.lag_seconds for one in found}
    # An event without a position is in no projection's lag, and late all the same.
    lags["the sequencer"] = pending_s
    return complaints + [
        f"{name} lags {lag:.1f} s behind" for name, lag in lags.items() if lag > max_lag
    ]
