"""Listen to Debezium: wake the projections, and look at rows that may have been changed outside."""

import threading
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

import orjson
import psycopg
from django.core.management.base import BaseCommand, CommandError

from cqrs.adoption.adapter import watched_tables
from cqrs.adoption.busy import look_past_busy
from cqrs.adoption.parking import park
from cqrs.adoption.scanning import scan
from cqrs.cdc import embedded, kafka, offsets, publications, slots
from cqrs.cdc.capture import Capture, Source
from cqrs.cdc.changes import Watched
from cqrs.cdc.due import DueLooks
from cqrs.cdc.handling import ChangeHandler
from cqrs.cdc.status import capture_status
from cqrs.cdc.status_lines import status_lines
from cqrs.cdc.waking import ProjectingThread
from cqrs.database.profiles import Profile, use_profile
from cqrs.management.projections.stopping import stoppable
from cqrs.management.projections.subcommand import add_subcommand, fail_with
from cqrs.messaging.error_text import error_text
from cqrs.operations.exporter import serve_metrics
from cqrs.operations.heartbeats import swept
from cqrs.operations.worker import project
from cqrs.projections.registry import projections

NOT_INSTALLED = 3
PROJECT_S = 5.0
SOURCES: dict[str, tuple[Callable[[Watched], Source], Callable[[], str | None]]] = {
    "embedded": (embedded.EmbeddedSource, embedded.missing),
    "kafka": (kafka.KafkaSource, kafka.missing),
}
EXAMPLES = {
    "run": (
        "Example: manage.py cdc run --source embedded."
        " Exit codes: 0 after a signal; 3 when what it needs is not installed or not set."
    ),
    "status": (
        "Example: manage.py cdc status --json."
        " Exit codes: 0; 1 when there is a complaint, or the databases cannot be reached."
    ),
    "drop": (
        "Example: manage.py cdc drop."
        " Exit codes: 0; 1 when the slot is in use, or the databases cannot be reached."
    ),
}


class Command(BaseCommand):
    help = (
        "Listen to Debezium, see how that stands, or remove its slot and publication. Example:"
        " manage.py cdc status. Exit codes: see the --help of each."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        run = add_subcommand(commands, "run", "listen until stopped", EXAMPLES["run"])
        run.add_argument("--source", choices=SOURCES, default="embedded")
        status = add_subcommand(
            commands, "status", "show processes, slot and lag", EXAMPLES["status"]
        )
        status.add_argument("--json", action="store_true", help="print JSON")
        add_subcommand(commands, "drop", "remove slot, publication and offsets", EXAMPLES["drop"])

    def handle(self, *_: Any, command: str, **options: Any) -> None:
        getattr(self, f"_{command}")(**options)

    def _run(self, *, source: str, **_: Any) -> None:
        make, missing = SOURCES[source]
        if reason := missing():
            raise CommandError(reason, returncode=NOT_INSTALLED)
        with use_profile(Profile.WORKER), stoppable() as stop:
            _listen(make(watched_tables()), stop)

    def _status(self, *, json: bool, **_: Any) -> None:
        found = capture_status()
        if json:
            document = orjson.dumps(found.as_document(), option=orjson.OPT_INDENT_2)
            self.stdout.write(document.decode())
        else:
            for line in status_lines(found):
                self.stdout.write(line)
        fail_with(found.complaints())

    def _drop(self, **_: Any) -> None:
        try:
            dropped = slots.drop_slot()
            publications.drop_publication()
        except psycopg.Error as error:
            raise CommandError(error_text(error)) from error
        offsets.forget()
        self.stdout.write("Dropped" if dropped else "There was no slot")


def _listen(source: Source, stop: threading.Event) -> None:
    projecting = ProjectingThread(_project)
    due = DueLooks(source.name, stop, look=look_past_busy, scan=scan)
    handler = ChangeHandler(
        watched_tables(),
        wake=projecting.wake,
        look=due.look,
        park=park,
    )
    serve_metrics()
    with projecting.running():
        Capture(source, handler, stop, due).run()


def _project() -> None:
    project(projections(), limit_s=PROJECT_S)
    swept("projections")
