from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import connections

from config.database.left_over import tables_of_an_older_commit
from config.management.writing import OnWritingAlias


class Command(OnWritingAlias, migrate.Command):
    """Django's `migrate`; of `replica`, through `replica_writer` where there is one."""

    def handle(self, *args: Any, **options: Any) -> None:
        if remedy := tables_of_an_older_commit(connections[options["database"]]):
            raise CommandError(remedy)
        super().handle(*args, **options)
