"""`projections parked`: list, retry and discard events that failed."""

from argparse import ArgumentParser
from itertools import chain
from typing import Any

import orjson
from django.core.management.base import CommandError

from cqrs.consumers.ahead import AheadOfLog, require_not_ahead
from cqrs.management.projections.chosen_events import (
    Chosen,
    chosen_events,
    event_ids,
    require_parked,
)
from cqrs.management.projections.subcommand import Subcommand, add_subcommand, fail_with
from cqrs.projections.registry import runner

FIELDS = (
    "consumer", "position", "event_id", "stream_type", "stream_id", "version", "type",
    "attempts", "retry_at", "error", "parked_at",
)  # fmt: skip

EXAMPLES = {
    "list": (
        "Example: manage.py projections parked list orders --json."
        " Exit codes: 0, also when events are parked; 1 for an unknown name."
    ),
    "retry": (
        "Example: manage.py projections parked retry orders."
        " Exit codes: 0; 1 when an event failed again, or one of --event is not parked."
    ),
    "discard": (
        "Example: manage.py projections parked discard --event 0193a1c2-7d4e-7a10-8c55-2f7b9f3e6d01"
        ". Exit codes: 0; 1 when it is not parked: then nothing is discarded."
    ),
}


class Parked(Subcommand):
    """Handles failed events, of all projections and reactions or those named."""

    name = "parked"
    help = "look at and handle events that failed"
    examples = "Example: manage.py projections parked list. Exit codes: see the --help of each."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        show = _add_action(actions, "list", "show them")
        show.add_argument("--json", action="store_true", help="print JSON")
        _add_action(actions, "retry", "apply them in order, or react to them")
        drop = _add_action(actions, "discard", "forget them for ever; name the events, or --all")
        drop.add_argument("--all", action="store_true", dest="every", help="all of them")

    def handle(
        self, *, action: str, names: list[str], events: list[str] | None, **options: Any
    ) -> None:
        ids = None if events is None else event_ids(events)
        found = chosen_events(names, ids)
        if action == "list":
            self._list(found, json=options["json"])
        elif action == "discard" and bool(events) == options["every"]:
            raise CommandError("Name the events to discard (--event ID), or say --all")
        else:
            require_parked(found, ids or ())
            if action == "retry":
                self._retry(found, every=not events)
            else:
                self._discard(found)

    def _list(self, found: Chosen, *, json: bool) -> None:
        rows = list(chain.from_iterable(rows for _, _, rows in found))
        if json:
            documents = [{name: getattr(row, name) for name in FIELDS} for row in rows]
            self.stdout.write(orjson.dumps(documents).decode())
            return
        for row in rows:
            self.stdout.write(parked_line(row))
        self.stdout.write(f"{len(rows)} parked event(s)")

    def _retry(self, found: Chosen, *, every: bool) -> None:
        """Retry the rows, or with `every` all that their consumers have."""
        try:
            require_not_ahead(
                runner.partitions.get([name for _, some, _ in found for name in some])
            )
        except AheadOfLog as error:
            raise CommandError(str(error)) from error
        applied = sum(
            kind.retry_all(names) if every else kind.retry(list(rows))
            for kind, names, rows in found
        )
        left = sum(rows.all().count() for _, _, rows in found)  # all(): they are cached
        self.stdout.write(f"{applied} event(s) applied, {left} still parked")
        fail_with([f"{left} event(s) are still parked"] if left else [])

    def _discard(self, found: Chosen) -> None:
        total = 0
        for kind, _, rows in found:
            discarded = list(rows)
            kind.discard(discarded)
            total += len(discarded)
        done = f"{total} event(s) discarded: their effects are missing now"
        self.stdout.write(done if total else "There is no parked event")


def _add_action(actions: Any, name: str, text: str) -> ArgumentParser:
    parser = add_subcommand(actions, name, text, EXAMPLES[name])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a projection or a reaction; all unless named"
    )
    parser.add_argument(
        "--event", action="append", dest="events", metavar="ID", help="only this; repeatable"
    )
    return parser


def parked_line(row: Any) -> str:
    """Return a failed event in one line: what failed, and what comes next."""
    waits = "parked until it is retried by hand" if row.attempts else "waits behind the one before"
    state = f"tried again at {row.retry_at:%H:%M:%S} UTC" if row.retry_at else waits
    return (
        f"{row.consumer} {row.position}: {row.type} of {row.stream_type} {row.stream_id}"
        f" v{row.version}, event {row.event_id}: {row.attempts} attempt(s), {state}"
        + (f": {row.error}" if row.error else "")
    )
