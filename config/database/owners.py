"""Connect as the owner of the tables, where a command changes tables and not rows."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.database.databases import VARIABLES, database

Settings = dict[str, Any]
_PARTS = ("USER", "PASSWORD", "HOST", "PORT")
_OWNED_BY = {"default": "migration", "replica": "replica_migration"}


def by_alias(urls: Mapping[str, str], databases: Mapping[str, Settings]) -> dict[str, Settings]:
    """Return the owner's login by alias, where it differs from the alias's own.

    Raises ImproperlyConfigured for a URL of another database.
    """
    found = {}
    for alias, name in _OWNED_BY.items():
        if not urls.get(name):
            continue
        owner = database(name, urls[name])
        if owner["NAME"] != databases[alias]["NAME"]:
            raise ImproperlyConfigured(
                f"{VARIABLES[name]}: name the database of {VARIABLES[alias]}, with its owner's role"
            )
        found[alias] = {part: owner[part] for part in _PARTS}
    if "replica" in found and "replica_writer" in databases:
        found["replica_writer"] = found["replica"]
    return found


@contextmanager
def owner_of(alias: str) -> Iterator[None]:
    """Let the alias connect as the owner of its database for the block.

    A transaction that is open goes on as it began, because a new login needs a new connection.
    """
    # Here, because the settings import this module.
    from django.conf import settings
    from django.db import connections

    connection = connections[alias]
    own = {} if connection.in_atomic_block else settings.DATABASE_OWNERS.get(alias, {})
    if not own:
        yield
        return
    before = {part: connection.settings_dict[part] for part in own}
    connection.close()
    connection.settings_dict.update(own)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
