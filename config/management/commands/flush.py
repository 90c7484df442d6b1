from typing import Any

from django.core.management.commands import flush

from config.database.owners import owner_of
from config.management.writing import OnWritingAlias


class Command(OnWritingAlias, flush.Command):
    """Django's `flush`, as the owner of the database."""

    def handle(self, **options: Any) -> None:
        with owner_of(options["database"]):
            super().handle(**options)
