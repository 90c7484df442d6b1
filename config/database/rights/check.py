"""Compare the rights that the roles have with those that they should have."""

from collections.abc import Generator, Iterator, Sequence
from itertools import compress
from typing import Any, LiteralString

from psycopg import Connection

from config.database.rights.roles import ALL, READ_MODEL_COMMENT, Database, Databases, roles_of

Rows = list[tuple[Any, ...]]
Right = tuple[str, str, str]
"""Role, subject, privilege."""
_ROLES = """
SELECT role, rolname IS NULL, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
FROM unnest(%s::text[]) AS role LEFT JOIN pg_roles ON rolname = role
"""
_ATTRIBUTES = ("missing", "SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")
_MEMBERSHIPS = """
SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members
WHERE member IN (SELECT oid FROM pg_roles WHERE rolname = ANY(%s)) ORDER BY 1, 2
"""
_DATABASES = """
SELECT role, 'database ' || datname, privilege
FROM unnest(%s::text[]) AS role, pg_database,
     unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) AS privilege
WHERE datallowconn AND has_database_privilege(role, datname, privilege)
      AND pg_get_userbyid(datdba) <> role
"""
_OWNERS = """
SELECT 'database', datname, pg_get_userbyid(datdba) FROM pg_database
WHERE datname = current_database()
UNION ALL SELECT 'schema', nspname, pg_get_userbyid(nspowner) FROM pg_namespace
WHERE nspname = 'public'
"""
_SCHEMA = """
SELECT role, 'schema public', privilege FROM unnest(%s::text[]) AS role,
     unnest(ARRAY['USAGE', 'CREATE']) AS privilege
WHERE has_schema_privilege(role, 'public', privilege)
"""
_LARGE_OBJECTS = """
SELECT role, 'function ' || signature, 'EXECUTE' FROM unnest(%s::text[]) AS role, unnest(ARRAY[
    'lo_creat(integer)', 'lo_create(oid)', 'lo_from_bytea(oid,bytea)']) AS signature
WHERE has_function_privilege(role, signature, 'EXECUTE')
"""
_TABLES = """
SELECT relname, pg_get_userbyid(relowner),
       coalesce(obj_description(oid, 'pg_class') LIKE %s, false)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
ORDER BY relname
"""
_TABLE_RIGHTS = """
SELECT role, 'table ' || relname, privilege FROM unnest(%s::text[]) AS role, pg_class,
     unnest(%s::text[]) AS privilege
WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s) AND CASE
    WHEN privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
    THEN has_any_column_privilege(role, pg_class.oid, privilege)
    ELSE has_table_privilege(role, pg_class.oid, privilege) END
"""


def differences(connection: Connection, one: Database, databases: Databases) -> Iterator[str]:
    """Yield each difference in the database that the connection is to; any role may ask."""
    existing = yield from _role_differences(connection, one, databases)
    yield from _owner_differences(connection, one)
    yield from _right_differences(connection, one, existing)


def _role_differences(
    connection: Connection, one: Database, databases: Databases
) -> Generator[str, None, list[str]]:
    """Yield what is wrong with the roles of a database; return all roles that its server has."""
    read = databases[1]
    found = _rows(connection, _ROLES, [roles_of(databases)])
    for role, *has in found:
        if role in one.roles:
            wanted = {"REPLICATION"} if role in one.replicating else set()
            found_attributes = set(compress(_ATTRIBUTES, has))
            yield from (f"role {role}: {name}" for name in sorted(found_attributes - wanted))
            yield from (f"role {role}: no {name}" for name in sorted(wanted - found_attributes))
    for member, group in _rows(connection, _MEMBERSHIPS, [list(one.roles)]):
        if (member, group) != (read.owner, read.projector):
            yield f"role {member}: is a member of {group}"
    return [role for role, is_missing, *_ in found if not is_missing]


def _owner_differences(connection: Connection, one: Database) -> Iterator[str]:
    for kind, name, owner in _rows(connection, _OWNERS, []):
        if owner != one.owner:
            yield f"{kind} {name}: owned by {owner}, not by {one.owner}"
    for name, owner, is_read_model in _tables(connection):
        wanted = one.owner_of(is_read_model=is_read_model)
        if owner != wanted:
            yield f"table {name}: owned by {owner}, not by {wanted}"


def _right_differences(
    connection: Connection, one: Database, roles: Sequence[str]
) -> Iterator[str]:
    tables = _tables(connection)
    found = set(_found(connection, roles, [name for name, *_ in tables]))
    own = [role for role in one.roles if role in roles]
    found.update(_rows(connection, _DATABASES, [own]))
    wanted = {right for role in own for right in _wanted(one, role, tables)}
    for verb, rights in (("has", found - wanted), ("lacks", wanted - found)):
        for role, subject, privilege in sorted(rights):
            yield f"role {role}: {verb} {privilege} on {subject} in {one.name}"


def _found(connection: Connection, roles: Sequence[str], tables: Sequence[str]) -> Iterator[Right]:
    for statement in (_SCHEMA, _LARGE_OBJECTS):
        yield from _rows(connection, statement, [roles])
    yield from _rows(connection, _TABLE_RIGHTS, [roles, list(ALL), list(tables)])


def _wanted(one: Database, role: str, tables: Rows) -> Iterator[Right]:
    for privilege in one.database_rights(role):
        yield role, f"database {one.name}", privilege
    for privilege in one.schema_rights(role):
        yield role, "schema public", privilege
    for table, _owner, is_read_model in tables:
        for privilege in one.table_rights(role, table, is_read_model=is_read_model):
            yield role, f"table {table}", privilege


def _tables(connection: Connection) -> Rows:
    return _rows(connection, _TABLES, [READ_MODEL_COMMENT])


def _rows(connection: Connection, statement: LiteralString, values: list[object]) -> Rows:
    return connection.execute(statement, values).fetchall()
