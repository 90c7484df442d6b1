"""See how the projections stand, run them without Celery, rebuild, verify and mend them."""

import logging
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from cqrs.conf import conf
from cqrs.event_log import sequencer
from cqrs.event_log.audits import audit
from cqrs.event_log.events import BUCKETS
from cqrs.management import arguments
from cqrs.management.command_output import rebuild_each, verify_each
from cqrs.management.run_loop import Stopped, run, stoppable
from cqrs.management.tables import parked_line, status_table
from cqrs.operations import parked as parking
from cqrs.operations.status import ProjectionStatus, statuses
from cqrs.projections.engine import Projection
from cqrs.projections.registry import projections
from cqrs.rebuild.rebuild import RebuildError, discard, roll_back
from cqrs.rebuild.table_copies import Busy, repartition

PIPE_COLUMNS = 120


class Command(BaseCommand):
    help = "See how the projections stand, run, rebuild, verify and mend them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_arguments(parser)

    def handle(self, *_: Any, command: str, verbosity: int, **options: Any) -> None:
        with _quiet(verbosity):
            getattr(self, command)(**options)

    def status(self, *, json: bool, max_lag: float | None, **_: Any) -> None:
        """Print the table; fail when a projection lags too far or has parked events."""
        found, pending_s = statuses(projections()), sequencer.oldest_pending_age_s()
        if json:
            self.stdout.write(_as_json(found, pending_s))
        else:
            self._console().print(status_table(found, pending_s))
        _fail_with(_complaints(found, pending_s, max_lag))

    def run(self, *, names: list[str], until_caught_up: bool, **_: Any) -> None:
        """Project in this process until stopped, or until what is in the log now is applied."""
        run(chosen(names), self._console(), until_caught_up=until_caught_up)

    def rebuild(self, *, names: list[str], every: bool, accept_changes: bool, **how: Any) -> None:
        """TableCopy from the log, prove, swap; or go back to the old tables, or drop them."""
        if bool(names) == every:
            raise CommandError("Name the projections to rebuild, or say --all")
        projections = chosen(names)
        act = roll_back if how["rollback"] else discard if how["discard"] else None
        if act is None:
            how = {"accept_changes": accept_changes}
            with _stoppable() as stop:
                _fail_with(rebuild_each(projections, self._console(), stop, **how))
            return
        for projection in projections:
            try:
                act(projection)
            except (Busy, RebuildError) as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{projection.name}: done")

    def verify(self, *, names: list[str], repair: bool, parts: int, **_: Any) -> None:
        """Print what the read models and the write model say otherwise than the log; fail then."""
        console = self._console()
        bypassing = 0
        for drift in audit():
            bypassing += 1
            console.print(f"{drift} (bypassed the events)", soft_wrap=True, markup=False)
        with _stoppable() as stop:
            count, complaints = verify_each(
                chosen(names), console, stop, parts=parts, repair=repair
            )
        if bypassing:
            raise CommandError(
                f"{bypassing} write(s) bypassed the event log: which side is right only people can"
                " tell (docs/operating.md)"
            )
        if count and not repair:
            complaints.append(f"{count} difference(s) to the event log: mend with --repair")
        _fail_with(complaints)
        self.stdout.write(f"{count} mended" if count else "Everything agrees with the event log")

    def repartition(self, *, names: list[str], partitions: int | None, **_: Any) -> None:
        """Divide the work anew; every event is applied once, before it or after it."""
        if partitions is not None and not 1 <= partitions <= BUCKETS:
            raise CommandError(f"--partitions {partitions}: give 1 to {BUCKETS}")
        for projection in chosen(names):
            wanted = partitions or projection.partitions
            if not projection.is_divisible and wanted > 1:
                self.stdout.write(f"{projection.name}: stays 1, its rows gather from everywhere")
                continue
            try:
                repartition(projection, wanted)
            except Busy as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{projection.name}: {wanted} partition(s)")
        if partitions not in (None, conf().PARTITIONS):
            self.stdout.write(f"New projections begin with CQRS['PARTITIONS'], {conf().PARTITIONS}")

    def parked(
        self, *, action: str, names: list[str], events: list[str] | None, **how: Any
    ) -> None:
        """List, retry or discard parked events."""
        rows = parking.parked(*chosen(names))
        if events:
            rows = rows.filter(event_id__in=_ids(events))
        if action == "list":
            if how["json"]:
                self.stdout.write(orjson.dumps(list(rows.values())).decode())
                return
            for row in rows:
                self.stdout.write(parked_line(row))
            self.stdout.write(f"{rows.count()} parked event(s)")
        elif action == "retry":
            applied = parking.retry(list(rows)) if events else parking.retry_all(*chosen(names))
            left = rows.count()
            self.stdout.write(f"{applied} event(s) applied, {left} still parked")
            _fail_with([f"{left} event(s) are still parked"] if left else [])
        else:
            if bool(events) == how["every"]:
                raise CommandError("Name the events to discard (--event ID), or say --all")
            found = list(rows)
            parking.discard(found)
            self.stdout.write(f"{len(found)} event(s) discarded: their read models lack them now")

    def _console(self) -> Console:
        # Past the wrapper that Django puts around the stream: it ends each write with a line
        # break. What is piped into a file or another program is not cut to 80 columns.
        stream: Any = getattr(self.stdout, "_out", self.stdout)
        return Console(file=stream, width=None if self.stdout.isatty() else PIPE_COLUMNS)


def chosen(names: list[str]) -> list[Projection]:
    """Return the projections with these names, or all if none is named."""
    known = {projection.name: projection for projection in projections()}
    if unknown := [name for name in names if name not in known]:
        raise CommandError(
            f"There is no projection {', '.join(unknown)}. There are: {', '.join(known)}"
        )
    return [known[name] for name in dict.fromkeys(names or known)]


@contextmanager
def _quiet(verbosity: int) -> Iterator[None]:
    """Keep the line that each batch logs off the terminal, unless asked for with `-v 2`."""
    logger = logging.getLogger("cqrs.consumers")
    before = logger.level
    if verbosity < 2:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """Say that something was stopped, instead of ending as if it were done."""
    with stoppable() as stop:
        try:
            yield stop
        except Stopped as stopped:
            raise CommandError(str(stopped)) from stopped


def _ids(texts: list[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        raise CommandError("--event takes the id of an event, as `parked list` shows it") from None


def _fail_with(complaints: list[str]) -> None:
    if complaints:
        raise CommandError("; ".join(complaints))


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
