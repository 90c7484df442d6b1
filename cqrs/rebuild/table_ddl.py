"""Create a table like another one, in another schema of the read database."""

from collections.abc import Collection

from django.db.backends.utils import CursorWrapper

_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), conname,
       pg_get_constraintdef(pg_constraint.oid), relname
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
LEFT JOIN pg_constraint ON conindid = indexrelid AND contype IN ('p', 'u')
WHERE indrelid = %s::regclass AND indisprimary = %s ORDER BY relname
"""
_GRANTS = """
SELECT privilege_type,
       CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = %s::regclass AND grantee <> relowner
"""
_MISSING_COLUMNS = """
SELECT copy.table_schema, copy.table_name, quote_ident(attname), format_type(atttypid, atttypmod)
FROM information_schema.tables AS copy
JOIN pg_attribute ON attrelid = to_regclass(format('%%I.%%I', %s::text, copy.table_name))
WHERE copy.table_schema = ANY(%s) AND attnum > 0 AND NOT attisdropped AND NOT EXISTS (
    SELECT FROM information_schema.columns AS own WHERE own.table_schema = copy.table_schema
    AND own.table_name = copy.table_name AND own.column_name = attname)
"""


def create_table_like(cursor: CursorWrapper, name: str, source: str, target: str) -> None:
    """Create schema `target`'s table like that of `source`, empty, with its primary key alone.

    Does nothing if it is there.
    """
    cursor.execute(
        f"CREATE TABLE IF NOT EXISTS {target}.{name} (LIKE {source}.{name}"
        " INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)"
    )
    _copy_indexes(cursor, name, source, target, primary=True)


def complete_table(cursor: CursorWrapper, name: str, source: str, target: str) -> None:
    """Add the indexes and grants of the table in `source` that are missing, and analyze it."""
    _copy_indexes(cursor, name, source, target, primary=False)
    cursor.execute(_GRANTS, [f"{source}.{name}"])
    for privilege, grantee in cursor.fetchall():
        cursor.execute(f"GRANT {privilege} ON {target}.{name} TO {grantee}")
    cursor.execute(f"ANALYZE {target}.{name}")


def _copy_indexes(
    cursor: CursorWrapper, name: str, source: str, target: str, *, primary: bool
) -> None:
    cursor.execute(_INDEXES, [f"{source}.{name}", primary])
    for _, definition, constraint, constraint_definition, index in cursor.fetchall():
        cursor.execute("SELECT to_regclass(%s)", [f"{target}.{index}"])
        if cursor.fetchone()[0] is not None:
            continue
        if constraint is None:
            old, new = (f" ON {schema}.{name} " for schema in (source, target))
            cursor.execute(definition.replace(old, new, 1))
        else:
            cursor.execute(
                f"ALTER TABLE {target}.{name} ADD CONSTRAINT {constraint} {constraint_definition}"
            )


def add_new_columns(cursor: CursorWrapper, source: str, targets: Collection[str]) -> None:
    """Add to the tables in `targets` the nullable columns that those in `source` have gained.

    After a swap the copy serves, and queries name these columns.
    """
    cursor.execute(_MISSING_COLUMNS, [source, list(targets)])
    for schema, table, column, kind in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {schema}.{table} ADD COLUMN {column} {kind}")
