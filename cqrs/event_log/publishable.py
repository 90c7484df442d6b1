"""Which events `publish` takes: those that some consumer can handle.

A stored event stays for ever. One whose class no table has could never be upcast or folded, and one
in the stream of another aggregate moves the versions of rows that do not show it.
"""

from typing import Any, NoReturn

from cqrs.event_log.aggregates import Aggregate


class UnpublishableEvent(Exception):
    """A bug in the caller: the event is of an unregistered class, or of another stream."""


def check_publishable(event: Any, aggregate: Aggregate, registered: type[Any] | None) -> None:
    """Raise unless the event's class is the registered one, and its stream the aggregate's.

    `registered` is the class that the settings have for the event's wire name.
    """
    event_type = type(event)
    if event_type is not registered:
        _refuse_class(event_type, registered)
    if event_type.stream_type != aggregate.stream_type:
        raise UnpublishableEvent(
            f"{_path(event_type)} belongs to the stream {event_type.stream_type!r}, but the stream"
            f" of {type(aggregate).__name__} is {aggregate.stream_type!r}: give the class the"
            " stream_type of its aggregate"
        )


def _refuse_class(event_type: Any, registered: type[Any] | None) -> NoReturn:
    name = event_type.wire_name
    if registered is None:
        raise UnpublishableEvent(
            f"CQRS['EVENTS'] has no event {name!r}: add {_path(event_type)} to a table that"
            " it names"
        )
    raise UnpublishableEvent(
        f"CQRS['EVENTS'] has {_path(registered)} for {name!r}: publish that, or give"
        f" {_path(event_type)} a wire_name of its own"
    )


def _path(event_type: type[Any]) -> str:
    return f"{event_type.__module__}.{event_type.__qualname__}"
