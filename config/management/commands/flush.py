from typing import Any

from django.core.management.commands import flush

from config.database.owners import owner_of
from config.management.writing import OnWritingAlias


class Command(OnWritingAlias, flush.Command):
    """Django's `flush`, as the owner of the database."""

    help = (
        f"{flush.Command.help} Example: manage.py flush --database replica. Exit codes: 0, also"
        " when it is not confirmed; 1 when the database refuses."
    )

    def handle(self, **options: Any) -> None:
        with owner_of(options["database"]):
            super().handle(**options)
