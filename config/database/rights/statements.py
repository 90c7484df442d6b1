"""The SQL that makes the roles and gives them their rights.

Two parts for each database. An administrator runs the first, which needs no table. The owner runs
the second after each `migrate`, because a new table has no rights yet. Each can be repeated.
"""

from collections.abc import Iterator

from psycopg import sql

from config.database.rights import templates
from config.database.rights.roles import (
    APPEND_ONLY_TABLES,
    COPY_SCHEMAS,
    READ_MODEL_COMMENT,
    READ_ONLY_TABLES,
    Database,
    Databases,
    ReadDatabase,
    WriteDatabase,
)


def script(databases: Databases) -> str:
    """Return all of it for psql. Passwords are not in it: `\\password` sets them."""
    return "\n".join(_lines(databases)) + "\n"


def _lines(databases: Databases) -> Iterator[str]:
    for one in databases:
        name = _quoted(one.name)
        yield f"-- {one.name}: as an administrator of its server."
        yield from (roles(one).strip(), f"CREATE DATABASE {name};  -- if it is missing")
        yield from (templates.OTHER_DATABASES.strip(), f"\\connect {name}", database(one).strip())
        yield from ("-- The same as the owner, after each `migrate`, which does it.", tables(one))


def roles(one: Database) -> str:
    """Return the roles, without passwords. For an administrator, in any database."""
    text = "".join(
        _text(templates.ROLE, role=role, role_text=sql.Literal(role)) for role in one.roles
    )
    text += "".join(_text(templates.REPLICATING_ROLE, role=role) for role in one.replicating)
    if isinstance(one, ReadDatabase):
        text += _text(
            (templates.READER_ROLE if one.reader else "") + templates.MEMBERSHIP,
            **_identifiers(one),
        )
    return text


def database(one: Database) -> str:
    """Return who owns and enters the database. For an administrator, in that database."""
    text = _text(
        templates.DATABASE,
        name=one.name,
        owner=one.owner,
        others=_joined(one.roles[1:], sql.Identifier),
        wanted=_wanted_owner(one),
    )
    if isinstance(one, ReadDatabase):
        more = templates.REBUILDS + (templates.LATER_TABLES if one.reader else "")
        text += _text(more, copies=sql.Literal(COPY_SCHEMAS), **_identifiers(one))
    return text


def tables(one: Database) -> str:
    """Return the rights on tables. For the owner, in that database, after each `migrate`."""
    if isinstance(one, WriteDatabase):
        none = _text(templates.CAPTURE_RIGHTS if one.capture else "", capture=one.capture)
        return _text(templates.TABLES, each=sql.SQL(none) + _writer_rights(one.writer))
    read_models = _text(
        (templates.READER_RIGHTS if one.reader else "") + templates.READ_MODELS,
        read_models=sql.Literal(READ_MODEL_COMMENT),
        projector_text=sql.Literal(_quoted(one.projector)),
        **_identifiers(one),
    )
    return _text(templates.TABLES, each=sql.SQL(read_models) + _writer_rights(one.projector))


def _wanted_owner(one: Database) -> sql.Composable:
    owner = sql.SQL("{}::regrole").format(sql.Literal(_quoted(one.owner)))
    if isinstance(one, WriteDatabase):
        return owner
    return sql.SQL(
        "CASE WHEN obj_description(oid, 'pg_class') LIKE {} THEN {}::regrole ELSE {} END"
    ).format(sql.Literal(READ_MODEL_COMMENT), sql.Literal(_quoted(one.projector)), owner)


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string(None)


def _writer_rights(writer: str) -> sql.Composed:
    return sql.SQL(templates.WRITER_RIGHTS).format(
        writer=sql.Identifier(writer),
        append_only=_joined(APPEND_ONLY_TABLES, sql.Literal),
        read_only=_joined(READ_ONLY_TABLES, sql.Literal),
    )


def _identifiers(read: ReadDatabase) -> dict[str, str]:
    names = {"owner": read.owner, "projector": read.projector, "reader": read.reader}
    return {"name": read.name, **names}


def _joined(names: tuple[str, ...], kind: type[sql.Identifier] | type[sql.Literal]) -> sql.Composed:
    return sql.SQL(", ").join(map(kind, names))


def _text(template: str, **values: str | sql.Composable) -> str:
    """Return the template with its values; a plain string is the name of a role or database."""
    quoted = {
        name: sql.Identifier(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    return sql.SQL(template).format(**quoted).as_string(None)
