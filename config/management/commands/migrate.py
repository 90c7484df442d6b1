from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import connections

from config.database.left_over import tables_of_an_older_commit
from config.database.owners import owner_of
from config.database.rights import statements
from config.database.rights.apply import run
from config.database.rights.configured import configured_database
from config.management.writing import OnWritingAlias


class Command(OnWritingAlias, migrate.Command):
    """Django's `migrate`, as the owner of the database, which then grants what is new."""

    help = (
        f"{migrate.Command.help} Example: manage.py migrate --database replica. Exit codes: 0; 1"
        " when a migration failed, or with --check and one that is not applied."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["database"]
        grants = _grants(alias)
        with owner_of(alias):
            if remedy := tables_of_an_older_commit(connections[alias]):
                raise CommandError(remedy)
            super().handle(*args, **options)
            if grants:
                run(connections[alias].connection, grants)


def _grants(alias: str) -> str:
    """Return what gives the other roles their rights on new tables; nothing for a lone role."""
    if alias not in settings.DATABASE_OWNERS:
        return ""
    try:
        return statements.tables(configured_database(alias))
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
