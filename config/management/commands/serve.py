"""Serve the order desk: `make run` starts this after the installation."""

import os
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import OperationalError, connections

from config.database.embedded import postgres
from config.serve.serve_lock import ServeLock
from config.serve.startup import start_exclusively
from config.serve.webserver import run, web_workers
from cqrs.database.aliases import PROJECTION_ALIAS, WRITE_ALIAS


class Command(BaseCommand):
    """Prepare both databases, and serve API, admin and workers until a signal stops it."""

    help = (
        "For the demo: migrate, load demo data and users, serve API, admin and workers. Example:"
        " PORT=8080 manage.py serve. Exit codes: 0 after a signal, 1 when a setting, the port or a"
        " database stands in the way."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        held = start_exclusively()
        web_workers()
        self._prepare()
        self._print_addresses(held)
        self._serve(held)

    def _prepare(self) -> None:
        for alias in (WRITE_ALIAS, PROJECTION_ALIAS):
            try:
                call_command("migrate", database=alias, verbosity=0, interactive=False)
            except OperationalError as error:
                reason = " ".join(str(error).split())
                raise CommandError(f"The database `{alias}` cannot be used: {reason}") from error
        call_command("create_demo_users")
        call_command("load_demo")
        connections.close_all()  # from now on, this process only waits

    def _print_addresses(self, held: ServeLock) -> None:
        for name, path in (("API", "api/orders"), ("docs", "api/docs"), ("admin", "admin/")):
            self.stdout.write(f"{name:<8}{held.url}/{path}")
        self.stdout.write(f"{'health':<8}{held.url}/health/ready")
        self.stdout.write("This is the demo: on a server of your own, use `manage.py web`.")
        self.stdout.write("Ctrl-C stops everything.")
        self.stdout.flush()

    def _serve(self, held: ServeLock) -> None:
        if settings.WORKER:
            os.environ["IN_PROCESS_WORKER"] = "1"
        with postgres.restarted_when_it_dies():
            run(held)
