"""Recognize a database of a commit before 0.2: the migrations look applied there, and are not.

Those commits were not released, so there is no migration from their tables.
"""

from typing import Any

from django.conf import settings

from config.database.embedded import home
from config.environment import local_dir

# Each database had one of these tables.
_OLD_TABLES = ("event", "read_checkpoints")
_FOUND = "SELECT to_regclass(name) IS NOT NULL FROM unnest(%s::text[]) AS name"


def tables_of_an_older_commit(connection: Any) -> str | None:
    """Return in one line what to remove if the database has the old tables; else None."""
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, [list(_OLD_TABLES)])
        if not any(found for (found,) in cursor.fetchall()):
            return None
    name = connection.settings_dict["NAME"]
    return f"The database {name!r} was made by an older commit: {_remedy()}, then start again"


def _remedy() -> str:
    if not settings.EMBEDDED:
        return "drop and create it"
    folders = dict.fromkeys((str(home.home()), str(local_dir().absolute())))
    return f"remove its files (rm -r {' '.join(folders)})"
