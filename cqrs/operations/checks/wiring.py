"""System checks of names in one table that have to stand in another one."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from cqrs.conf import conf
from cqrs.messaging.messages import Query
from cqrs.operations.checks.entries import closest
from cqrs.operations.checks.tables import entries

REFUSAL = "cqrs.behaviors.refusal.rollback_on_refusal"


@register("cqrs")
def events_have_upcasters(**_: Any) -> list[CheckMessage]:
    """Name the earlier schema versions that nothing lifts: every such event would be parked."""
    lifted = {key for key, _ in entries("UPCASTERS")}
    return [
        Error(
            f"CQRS['UPCASTERS'] lacks {event.wire_name!r} v{version}: the event is at"
            f" schema_version {event.schema_version}",
            hint="Without it, projections park every stored event of that version.",
            id="cqrs.E005",
        )
        for event in entries("EVENTS")
        for version in range(1, event.schema_version)
        if (event.wire_name, version) not in lifted
    ]


@register("cqrs")
def queries_have_projections(**_: Any) -> list[CheckMessage]:
    """Name the queries whose `projection` is not registered: no consistency token helps them."""
    known = {projection.name for projection in entries("PROJECTIONS")}
    return [
        _unknown(
            message.__name__, "projection", getattr(message, "projection", ""), known, "cqrs.E006"
        )
        for message, _ in entries("HANDLERS")
        if issubclass(message, Query) and getattr(message, "projection", "") not in known
    ]


@register("cqrs")
def projections_handle_events(**_: Any) -> list[CheckMessage]:
    """Name the events that a projection handles and that are not registered: none ever comes."""
    known = {event.wire_name for event in entries("EVENTS")}
    return [
        _unknown(projection.name, "event", wire_name, known, "cqrs.E007")
        for projection in entries("PROJECTIONS")
        for wire_name in projection.types
        if wire_name not in known
    ]


@register("cqrs")
def reactions_follow_events(**_: Any) -> list[CheckMessage]:
    """Name the reactions whose `event_type` is not registered: they never run."""
    known = {event.wire_name for event in entries("EVENTS")}
    return [
        _unknown(reaction.name, "event", reaction.event_type, known, "cqrs.E008")
        for reaction in entries("REACTIONS")
        if reaction.event_type not in known
    ]


@register("cqrs")
def refusals_roll_back(**_: Any) -> list[CheckMessage]:
    """Name a command pipeline that commits what a handler wrote before it refused."""
    if REFUSAL in conf().COMMAND_BEHAVIORS:
        return []
    return [
        Error(
            f"CQRS['COMMAND_BEHAVIORS'] lacks {REFUSAL!r}",
            hint="It goes last. Without it the writes of a refused command are committed.",
            id="cqrs.E011",
        )
    ]


def _unknown(where: str, what: str, name: str, known: set[str], check_id: str) -> CheckMessage:
    return Error(
        f"{where} names the {what} {name!r}, which no table of settings.CQRS has",
        hint=closest(name, known),
        id=check_id,
    )
