"""Let the server raise an error of any SQLSTATE when a row of a table is written."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections


@contextmanager
def writes_raise(alias: str, table: str, sqlstate: str) -> Iterator[None]:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{sqlstate}'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    try:
        yield
    finally:
        with connections[alias].cursor() as cursor:
            cursor.execute(f"DROP TRIGGER refuse ON {table}")
            cursor.execute("DROP FUNCTION refuse")
