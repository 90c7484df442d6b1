"""`projections parked`: list, retry and discard events that could not be applied."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

import orjson
from django.core.management.base import CommandError
from django.db.models import QuerySet

from cqrs.management.projections.subcommand import Subcommand, add_names, chosen, fail_with
from cqrs.operations import parked


class Parked(Subcommand):
    """Handles parked events, of all projections or those named."""

    name = "parked"
    help = "look at and handle events that failed"

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        show = actions.add_parser("list", help="show them")
        show.add_argument("--json", action="store_true", help="print JSON")
        _add_events(show)
        _add_events(actions.add_parser("retry", help="apply them in order"))
        drop = actions.add_parser("discard", help="forget them for ever; name the events, or --all")
        _add_events(drop)
        drop.add_argument("--all", action="store_true", dest="every", help="all of them")

    def handle(
        self, *, action: str, names: list[str], events: list[str] | None, **options: Any
    ) -> None:
        rows = parked.parked(*chosen(names))
        if events:
            rows = rows.filter(event_id__in=_ids(events))
        if action == "list":
            self._list(rows, json=options["json"])
        elif action == "retry":
            self._retry(rows, names if not events else None)
        elif bool(events) == options["every"]:
            raise CommandError("Name the events to discard (--event ID), or say --all")
        else:
            self._discard(rows)

    def _list(self, rows: QuerySet[Any], *, json: bool) -> None:
        if json:
            self.stdout.write(orjson.dumps(list(rows.values())).decode())
            return
        for row in rows:
            self.stdout.write(parked_line(row))
        self.stdout.write(f"{rows.count()} parked event(s)")

    def _retry(self, rows: QuerySet[Any], names: list[str] | None) -> None:
        """Retry the aggregates of the rows, or with `names` all of these projections."""
        applied = parked.retry(list(rows)) if names is None else parked.retry_all(*chosen(names))
        left = rows.count()
        self.stdout.write(f"{applied} event(s) applied, {left} still parked")
        fail_with([f"{left} event(s) are still parked"] if left else [])

    def _discard(self, rows: QuerySet[Any]) -> None:
        found = list(rows)
        parked.discard(found)
        self.stdout.write(f"{len(found)} event(s) discarded: their read models lack them now")


def _add_events(parser: ArgumentParser) -> None:
    add_names(parser)
    parser.add_argument(
        "--event", action="append", dest="events", metavar="ID", help="only this; repeatable"
    )


def _ids(texts: list[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        raise CommandError("--event takes the id of an event, as `parked list` shows it") from None


def parked_line(row: Any) -> str:
    """Return a parked event in one line: what failed, and what comes next."""
    waits = "parked until it is retried by hand" if row.attempts else "waits behind the one before"
    state = f"tried again at {row.retry_at:%H:%M:%S} UTC" if row.retry_at else waits
    return (
        f"{row.consumer} {row.position}: {row.type} of {row.stream_type} {row.stream_id}"
        f" v{row.version}, event {row.event_id}: {row.attempts} attempt(s), {state}"
        + (f": {row.error}" if row.error else "")
    )
