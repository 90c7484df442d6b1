"""Make, print or check the roles of the databases and their rights."""

import json
from argparse import ArgumentParser
from functools import partial
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from config import environment as env
from config.database.embedded.postgres import ADMINISTRATOR_FILE
from config.database.owners import owner_of
from config.database.rights import statements
from config.database.rights.apply import apply
from config.database.rights.check import differences
from config.database.rights.configured import configured_databases, passwords
from config.database.rights.roles import Database, Databases, ReadDatabase
from cqrs.database.aliases import PROJECTION_ALIAS, WRITE_ALIAS


class Command(BaseCommand):
    """Make the roles that the database URLs name, and give them their rights. It can be repeated.

    Connects as the administrator of ADMIN_DATABASE_URL. `--check` needs the owners alone.
    """

    help = (
        "Make the databases, the roles that the URLs name and their rights, as the administrator"
        " of ADMIN_DATABASE_URL. Example: manage.py roles --sql | less. Exit codes: 0; 1 with"
        " --check and a difference, or when the server refuses."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--apply", action="store_true", help="the default")
        what.add_argument("--sql", action="store_true", help="print the SQL, for psql")
        what.add_argument("--check", action="store_true", help="print each difference")
        parser.add_argument("--json", action="store_true", help="with --check: a list of texts")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            databases = configured_databases()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        if options["sql"]:
            self.stdout.write(statements.script(databases), ending="")
        elif options["check"]:
            self._check(databases, as_json=options["json"])
        else:
            self._apply(databases)

    def _check(self, databases: Databases, *, as_json: bool) -> None:
        found = [line for one in databases for line in _differences(one, databases)]
        if as_json:
            self.stdout.write(json.dumps(found))
        for line in found if not as_json else ():
            self.stdout.write(line)
        if found:
            raise SystemExit(1)

    def _apply(self, databases: Databases) -> None:
        for one in databases:
            try:
                apply(partial(_connect, _administrator(one)), one, passwords())
            except psycopg.Error as error:
                raise CommandError(f"{one.name}: {' '.join(str(error).split())}") from error
        self.stdout.write("The roles have their rights")


def _differences(one: Database, databases: Databases) -> list[str]:
    alias = WRITE_ALIAS if one is databases[0] else PROJECTION_ALIAS
    with owner_of(alias):
        connections[alias].ensure_connection()
        return list(differences(connections[alias].connection, one, databases))


def _administrator(one: Database) -> str:
    """Return the administrator's URL of the database's server."""
    url = settings.ADMIN_DATABASE_URL
    if settings.EMBEDDED:
        url = (env.local_dir() / ADMINISTRATOR_FILE).read_text()
    if isinstance(one, ReadDatabase):
        url = settings.REPLICA_ADMIN_DATABASE_URL or url
    if not url:
        raise CommandError("Set ADMIN_DATABASE_URL, or give an administrator the SQL (--sql)")
    return url


def _connect(url: str, name: str) -> psycopg.Connection:
    return psycopg.connect(url, dbname=name, autocommit=True, connect_timeout=10)
