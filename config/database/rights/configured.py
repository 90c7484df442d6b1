"""The roles that the settings name."""

import re
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.database.databases import database
from config.database.rights.roles import (
    Database,
    Databases,
    ReadDatabase,
    WriteDatabase,
    shared_roles,
)
from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS, WRITE_ALIAS

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]*")


def configured_databases() -> Databases:
    """Return the databases with their roles.

    Raises ImproperlyConfigured unless the settings name a role for each use.
    """
    databases = (configured_write_database(), configured_read_database())
    if not databases[1].reader:
        raise ImproperlyConfigured(
            "Set REPLICA_DATABASE_URL to the reader, and REPLICA_WRITER_DATABASE_URL to the"
            " projector (docs/deployment.md)"
        )
    _require_own_roles(shared_roles(databases))
    return databases


def configured_database(alias: str) -> Database:
    return configured_write_database() if alias == WRITE_ALIAS else configured_read_database()


def configured_write_database() -> WriteDatabase:
    login = settings.DATABASES[WRITE_ALIAS]
    one = WriteDatabase(
        login["NAME"],
        owner=_owner(WRITE_ALIAS),
        writer=login["USER"],
        capture=_capture().get("USER", ""),
    )
    _check(one)
    return one


def configured_read_database() -> ReadDatabase:
    login, projecting = settings.DATABASES[READ_ALIAS], settings.DATABASES[PROJECTION_ALIAS]
    one = ReadDatabase(
        login["NAME"],
        owner=_owner(READ_ALIAS),
        projector=projecting["USER"],
        reader=login["USER"] if READ_ALIAS != PROJECTION_ALIAS else "",
    )
    _check(one)
    return one


def passwords() -> dict[str, str]:
    """Return the passwords that the settings hold, by role."""
    owners = settings.DATABASE_OWNERS
    logins = [*settings.DATABASES.values(), *owners.values(), _capture()]
    return {login["USER"]: login["PASSWORD"] for login in logins if login.get("PASSWORD")}


def _capture() -> dict[str, Any]:
    """Return the login of change data capture, empty where it has no URL of its own."""
    url = settings.CQRS.get("CDC_DATABASE_URL")
    return database("capture", str(url)) if url else {}


def _owner(alias: str) -> str:
    owner = settings.DATABASE_OWNERS.get(alias, settings.DATABASES[alias])
    return str(owner["USER"])


def _check(one: Database) -> None:
    _require_own_roles({role for role in one.roles if one.roles.count(role) > 1 or not role})
    for name in (one.name, *one.roles):
        if not PLAIN_NAME.fullmatch(name):
            raise ImproperlyConfigured(
                f"{name!r}: letters, digits, _, $ and - make a name of a role or database here"
            )


def _require_own_roles(shared: Collection[str]) -> None:
    if shared:
        raise ImproperlyConfigured(
            "Each use of the databases needs a role of its own, and these have several uses:"
            f" {', '.join(sorted(shared))} (docs/deployment.md)"
        )
