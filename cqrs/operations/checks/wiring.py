"""System checks of names in one table that have to stand in another one."""

from collections import defaultdict
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
def streams_have_one_home(**_: Any) -> list[CheckMessage]:
    """Name the streams without a home projection, and those with several."""
    homes: dict[str, set[str]] = defaultdict(set)
    for projection in entries("PROJECTIONS"):
        if projection.home_of is not None:
            homes[projection.home_of].add(projection.name)
    streams = {event.stream_type for event in entries("EVENTS")}
    return [
        *(_homeless(stream) for stream in sorted(streams - homes.keys())),
        *(_torn(stream, names) for stream, names in sorted(homes.items()) if len(names) > 1),
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


def _homeless(stream: str) -> CheckMessage:
    return Error(
        f"No projection is the home of the stream {stream!r}: reads can honor no consistency token"
        " and no If-Match of it",
        hint=f"Set home_of = {stream!r} in the projection that has a row for each aggregate of"
        " the stream, and name it in CQRS['PROJECTIONS'].",
        id="cqrs.E012",
    )


def _torn(stream: str, names: set[str]) -> CheckMessage:
    return Error(
        f"The stream {stream!r} has several homes: {', '.join(sorted(names))}",
        hint="Leave home_of out of all but one of them.",
        id="cqrs.E012",
    )


def _unknown(where: str, what: str, name: str, known: set[str], check_id: str) -> CheckMessage:
    return Error(
        f"{where} names the {what} {name!r}, which no table of settings.CQRS has",
        hint=closest(name, known),
        id=check_id,
    )
