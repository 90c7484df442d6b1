"""What each table of `settings.CQRS` holds, read so that a wrong entry is named and not raised."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from cqrs.adoption.adapter import Adapter
from cqrs.event_log.aggregates import Aggregate
from cqrs.event_log.events import Event
from cqrs.messaging.messages import Message
from cqrs.projections.projection import Projection
from cqrs.reactions.reaction import Effect, Reaction


def _is_event(entry: Any) -> bool:
    is_type = isinstance(entry, type) and issubclass(entry, Event)
    names = (getattr(entry, "wire_name", None), getattr(entry, "stream_type", None))
    return is_type and all(isinstance(each, str) for each in names)


def _is_handler(entry: Any) -> bool:
    message, handler = entry
    return isinstance(message, type) and issubclass(message, Message) and callable(handler)


def _is_upcaster(entry: Any) -> bool:
    match entry:
        case ((str(), int()), function):
            return callable(function)
    return False


def _is_projection(entry: Any) -> bool:
    # The name is part of a copy's name, behind which a dot follows, and of announcements.
    name, version = getattr(entry, "name", None), getattr(entry, "version", None)
    is_named = isinstance(name, str) and name.isidentifier()
    return isinstance(entry, Projection) and is_named and isinstance(version, int)


def _is_reaction(entry: Any) -> bool:
    names = (getattr(entry, "name", None), getattr(entry, "event_type", None))
    is_named = all(isinstance(each, str) for each in names)
    has_effect = isinstance(getattr(entry, "effect", None), Effect)
    return isinstance(entry, Reaction) and is_named and has_effect


def _is_adapter(entry: Any) -> bool:
    model, tables = getattr(entry, "model", None), getattr(entry, "tables", None)
    is_of_aggregate = isinstance(model, type) and issubclass(model, Aggregate)
    return isinstance(entry, Adapter) and is_of_aggregate and isinstance(tables, Mapping)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a path in a setting leads to: one thing, or a list or a mapping of such entries.

    `name` returns what must be unique among all entries of the setting.
    """

    table: type | tuple[type, ...] | None
    entry: str
    fits: Callable[[Any], bool]
    name: Callable[[Any], str] | None = None

    def entries(self, table: Any) -> Iterable[Any]:
        """Return the entries of a table; of a mapping its items."""
        if self.table is None:
            return (table,)
        found: Iterable[Any] = table.items() if isinstance(table, Mapping) else table
        return found

    def is_table(self, table: Any) -> bool:
        return self.table is None or isinstance(table, self.table)


LIST = (list, tuple)
KINDS: Mapping[str, Kind] = {
    "COMMAND_BEHAVIORS": Kind(None, "a function", callable),
    "QUERY_BEHAVIORS": Kind(None, "a function", callable),
    "HANDLERS": Kind(
        Mapping, "a Message class with its handler", _is_handler, lambda entry: entry[0].__name__
    ),
    "EVENTS": Kind(
        LIST,
        "an Event class with a wire_name and a stream_type",
        _is_event,
        lambda entry: entry.wire_name,
    ),
    "UPCASTERS": Kind(
        Mapping,
        "(wire name, schema version) with a function",
        _is_upcaster,
        lambda entry: "{} v{}".format(*entry[0]),
    ),
    "PROJECTIONS": Kind(
        LIST,
        "a Projection with a version, whose name is an identifier",
        _is_projection,
        lambda entry: f"{entry.name} v{entry.version}",
    ),
    "REACTIONS": Kind(
        LIST, "a Reaction with name, event_type and effect", _is_reaction, lambda entry: entry.name
    ),
    "ADOPTION": Kind(
        LIST,
        "an Adapter with a model and its tables",
        _is_adapter,
        lambda entry: f"the adapter of {entry.stream_type}",
    ),
    "AUDITS": Kind(None, "SQL", lambda entry: isinstance(entry, str)),
}


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return a hint with the known name that is most like this one."""
    found = get_close_matches(name, list(known), n=1)
    return f"Did you mean {found[0]!r}?" if found else None
