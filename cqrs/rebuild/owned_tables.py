"""Find the tables of a projection, also those of versions that this build does not have.

A swap must move all of them: tables of two versions in one schema would be folded by wrong code. So
every build marks the tables that it knows, by a comment in the database.
"""

from collections.abc import Sequence

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.projections.registry import projection_names, table_names
from cqrs.projections.store import SERVING_SCHEMA

_OWNED = """
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = %s AND relkind = 'r'
      AND (relname = ANY(%s) OR obj_description(pg_class.oid, 'pg_class') = %s)
ORDER BY relname
"""


def owned_tables(cursor: CursorWrapper, projection_name: str, schema: str) -> Sequence[str]:
    """Return the names of the projection's tables that are in the schema."""
    cursor.execute(_OWNED, [schema, table_names(projection_name), _mark(projection_name)])
    return [name for (name,) in cursor.fetchall()]


def mark_table(cursor: CursorWrapper, projection_name: str, schema: str, name: str) -> None:
    """Mark a table as one of the projection."""
    cursor.execute(f"COMMENT ON TABLE {schema}.{name} IS '{_mark(projection_name)}'")


def mark_serving_tables() -> None:
    """Mark the serving tables of all projections, after a migration."""
    with transaction.atomic(using=PROJECTION_ALIAS), connections[PROJECTION_ALIAS].cursor() as held:
        for projection_name in projection_names():
            for name in owned_tables(held, projection_name, SERVING_SCHEMA):
                mark_table(held, projection_name, SERVING_SCHEMA, name)


def _mark(projection_name: str) -> str:
    return f"projection {projection_name}"
