"""Databases as the migrations left them, again after every test that commits.

Django's flush empties all tables and sends `post_migrate`, which makes every permission and group
anew: a third of a second for each test. This one empties the tables that the test has filled, and
fills those that it has changed of the few that are never empty.
"""

from collections.abc import Iterable

from django.db import connections
from django.test import TransactionTestCase

from tests.support.rights import administrator

_rows: dict[str, dict[str, str | None]] = {}  # by alias and table: what is in it, as JSON


def remember(aliases: Iterable[str]) -> None:
    """Take the databases as they are for what the migrations left."""
    for alias in aliases:
        tables = connections[alias].introspection.django_table_names(
            only_existing=True, include_views=False
        )
        _rows[alias] = _look(alias, tables)


def restore(alias: str) -> None:
    """Undo what a test has committed. Sequences go on, as they do after a flush."""
    wanted = _rows[alias]
    found = _look(alias, wanted)
    changed = [table for table in wanted if found[table] != wanted[table]]
    if not changed:
        return
    connection = administrator(alias)
    with connection.transaction(), connection.cursor() as cursor:
        for table in changed:
            cursor.execute(f"DELETE FROM {table}")
        for table in changed:
            cursor.execute(
                f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %s)",
                [wanted[table] or "[]"],
            )


def instead_of_flush(test: TransactionTestCase) -> None:
    for alias in test._databases_names(include_mirrors=False):
        restore(alias)


def _look(alias: str, tables: Iterable[str]) -> dict[str, str | None]:
    with administrator(alias).cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}', json_agg(one ORDER BY one::text)::text FROM {table} one"
                for table in tables
            )
        )
        return dict(cursor.fetchall())
