"""System checks of the adoption of outside changes."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register

from cqrs.event_log.aggregates import Aggregate
from cqrs.operations.checks.tables import entries


@register("cqrs")
def aggregates_have_adapters(**_: Any) -> list[CheckMessage]:
    """Name the aggregates whose outside changes nothing adopts, where adoption is used."""
    known = {adapter.model for adapter in entries("ADOPTION")}
    return [
        Error(
            f"CQRS['ADOPTION'] has no adapter for {model._meta.label}",
            hint="Without it, what another program writes there is in no event and in no read"
            " model.",
            id="cqrs.E015",
        )
        for model in _aggregates()
        if known and model not in known
    ]


@register("cqrs")
def digests_cover_all_fields(**_: Any) -> list[CheckMessage]:
    """Name the fields of aggregates with an adapter that neither digest nor derivation covers."""
    return [
        Error(
            f"The digest of {adapter.model._meta.label} does not cover {', '.join(missing)}",
            hint="Add a version of the list to digest_fields that has all fields, and a migration"
            " that seals the rows; or name what follows from other fields in derived_fields.",
            id="cqrs.E016",
        )
        for adapter in entries("ADOPTION")
        if (missing := _uncovered(adapter.model))
    ]


def _aggregates() -> Iterator[type[Aggregate]]:
    return (model for model in apps.get_models() if issubclass(model, Aggregate))


def _uncovered(model: type[Aggregate]) -> list[str]:
    lists = model.digest_fields
    covered = {*model.derived_fields, "digest", *(lists[max(lists)] if lists else ())}
    return [field.attname for field in model._meta.concrete_fields if field.attname not in covered]
