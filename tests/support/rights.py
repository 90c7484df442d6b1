"""The tests of the product run with the rights of its roles.

An administrator makes and restores the databases. All other tests run as one, and those that are
marked `administrator`: they put triggers, locks or tables into the databases, or rewrite the log,
which no role of the desk may do.

Where the environment names the servers and no `ADMIN_DATABASE_URL`, all is done by the roles named.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.db.backends.postgresql.creation import DatabaseCreation
from django.db.backends.utils import CursorWrapper

from config.database.postgresql.base import DatabaseWrapper
from config.database.rights.apply import grant
from config.database.rights.configured import configured_database

# The owners' URLs are of the databases from which the test databases get other names. Processes
# that a test starts must not find them.
for _name in ("MIGRATION_DATABASE_URL", "REPLICA_MIGRATION_DATABASE_URL"):
    os.environ.pop(_name, None)
_URL = urlsplit(os.environ.get("ADMIN_DATABASE_URL", ""))
ADMINISTRATOR = {"USER": unquote(_URL.username or ""), "PASSWORD": unquote(_URL.password or "")}
IS_APART = bool(_URL.username)
WITH_RIGHTS_OF_ROLES = ("tests/customers/", "tests/orders/", "tests/readmodels/", "tests/http/")
_create = DatabaseCreation._execute_create_test_db


def create_as_administrator(patch: pytest.MonkeyPatch) -> None:
    """Let an administrator create and drop the test databases, and give the roles their rights."""
    if IS_APART:
        patch.setattr(DatabaseWrapper, "_nodb_cursor", _administrators_cursor)
        patch.setattr(DatabaseCreation, "_execute_create_test_db", _create_with_rights)


@contextmanager
def _administrators_cursor(self: DatabaseWrapper) -> Iterator[CursorWrapper]:
    login = {**self.settings_dict, **ADMINISTRATOR, "NAME": "postgres"}
    wrapper = DatabaseWrapper(login, alias=self.alias)
    try:
        with wrapper.cursor() as cursor:
            yield cursor
    finally:
        wrapper.close()


def _create_with_rights(
    self: DatabaseCreation, cursor: CursorWrapper, parameters: Any, *more: Any
) -> None:
    _create(self, cursor, parameters, *more)
    one = configured_database(self.connection.alias)
    grant(_connect, replace(one, name=parameters["dbname"].strip('"')))


def _connect(name: str, alias: str = "default") -> psycopg.Connection:
    """Connect with the most rights there are."""
    login = {**settings.DATABASES[alias], **settings.DATABASE_OWNERS.get(alias, {})}
    login |= ADMINISTRATOR if IS_APART else {}
    return psycopg.connect(
        host=login["HOST"],
        port=login["PORT"],
        user=login["USER"],
        password=login["PASSWORD"],
        dbname=name,
        autocommit=True,
    )


@cache
def administrator(alias: str) -> psycopg.Connection:
    """Return a connection to the test database that stays until `leave`."""
    return _connect(settings.DATABASES[alias]["NAME"], alias)


def leave(alias: str) -> None:
    administrator(alias).close()


def needs_administrator(item: pytest.Item) -> bool:
    is_marked = item.get_closest_marker("administrator") is not None
    return is_marked or not item.nodeid.startswith(WITH_RIGHTS_OF_ROLES)


_logins: dict[str, dict[str, str]] = {}
_owners = dict(settings.DATABASE_OWNERS)


def use(*, as_administrator: bool) -> None:
    """Let Django connect with the rights of its role, or all of them, also for migrations."""
    if not IS_APART or as_administrator == is_administrator():
        return
    for alias in ("default", "replica"):
        login = settings.DATABASES[alias]
        own = _logins.setdefault(alias, {part: login[part] for part in ADMINISTRATOR})
        connections[alias].close()
        login.update(ADMINISTRATOR if as_administrator else own)
    settings.DATABASE_OWNERS.clear()
    if not as_administrator:
        settings.DATABASE_OWNERS.update(_owners)
        for alias in _logins:  # what an administrator has made belongs to the roles
            grant(_connect, configured_database(alias))


def is_administrator() -> bool:
    return IS_APART and settings.DATABASES["default"]["USER"] == ADMINISTRATOR["USER"]
