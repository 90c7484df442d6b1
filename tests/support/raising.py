"""Let the server raise an error, or end the session, when a row of a table is written."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections


@contextmanager
def writes_raise(alias: str, table: str, sqlstate: str) -> Iterator[None]:
    with _trigger(alias, table, f"RAISE EXCEPTION 'refused' USING ERRCODE = '{sqlstate}'"):
        yield


@contextmanager
def writes_end_the_session(alias: str, table: str, condition: str = "true") -> Iterator[None]:
    """End the session that writes a row for which the condition in SQL is true."""
    end = "PERFORM pg_terminate_backend(pg_backend_pid())"
    with _trigger(alias, table, f"IF {condition} THEN {end}; END IF; RETURN NEW"):
        yield


@contextmanager
def _trigger(alias: str, table: str, body: str) -> Iterator[None]:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION on_write() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {body}; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER on_write BEFORE INSERT OR UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION on_write()"
        )
    try:
        yield
    finally:
        with connections[alias].cursor() as cursor:
            cursor.execute(f"DROP TRIGGER on_write ON {table}")
            cursor.execute("DROP FUNCTION on_write")
