"""Create PostgreSQL's extension for searches, in a migration."""

from typing import Any

from django.contrib.postgres.operations import TrigramExtension
from django.core.management.base import CommandError
from django.db import Error


class Trigrams(TrigramExtension):
    """Creates the extension. If the role may not, the error says what to do."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        except Error as error:
            name = schema_editor.connection.settings_dict["NAME"]
            raise CommandError(
                f"The search needs PostgreSQL's extension pg_trgm in the database {name!r}, and it"
                f" could not be created ({str(error).splitlines()[0]}). Let a superuser run"
                " CREATE EXTENSION pg_trgm there (it is part of postgresql-contrib), or grant"
                " CREATE on the database to the role that migrates; then migrate again."
            ) from error
