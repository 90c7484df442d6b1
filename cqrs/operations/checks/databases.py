"""System checks of the databases: their aliases, and which tables the router sends where."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import router
from django.db.models import Model

from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS, WRITE_ALIAS
from cqrs.models import EventRecord
from cqrs.operations.checks.tables import entries
from cqrs.projections.models import ProjectionCheckpoint


@register("cqrs")
def aliases_exist(**_: Any) -> list[CheckMessage]:
    """Name the aliases that DATABASES lacks."""
    return [
        Error(f"DATABASES has no alias {alias!r}", id="cqrs.E009")
        for alias in (WRITE_ALIAS, READ_ALIAS)
        if alias not in settings.DATABASES
    ]


@register("cqrs")
def models_have_their_database(**_: Any) -> list[CheckMessage]:
    """Name the models that would be migrated on the other database, or on both."""
    if aliases_exist():
        return []
    return [
        Error(
            f"The router lets {model._meta.label} migrate on {', '.join(found) or 'no database'},"
            f" not on {expected} alone",
            hint="DATABASE_ROUTERS names a subclass of cqrs.database.router.ReadSideRouter"
            " whose read_apps has the app of each read model.",
            id="cqrs.E010",
        )
        for model, expected in _placed_models()
        if (found := _databases_of(model)) != [expected]
    ]


def _placed_models() -> Iterator[tuple[type[Model], str]]:
    yield EventRecord, WRITE_ALIAS
    yield ProjectionCheckpoint, PROJECTION_ALIAS
    for projection in entries("PROJECTIONS"):
        yield from ((table.model, PROJECTION_ALIAS) for table in projection.tables)


def _databases_of(model: type[Model]) -> list[str]:
    return [alias for alias in settings.DATABASES if router.allow_migrate_model(alias, model)]
