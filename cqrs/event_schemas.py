"""The shape of every event as a JSON Schema, so that a released one cannot change unnoticed."""

from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from cqrs.events import Event, event_types

FOLDER = Path(settings.BASE_DIR) / "docs" / "events"


def path_of(wire_name: str, schema_version: int, folder: Path = FOLDER) -> Path:
    """Return where a version of an event is described."""
    return folder / f"{wire_name}.v{schema_version}.json"


def schema_of(event_type: type[Event]) -> bytes:
    """Return the JSON Schema of an event's data; `x-personal` names the personal fields."""
    schema: dict[str, Any] = event_type.model_json_schema(mode="serialization")
    schema["x-wire-name"] = event_type.wire_name
    schema["x-schema-version"] = event_type.schema_version
    schema["x-personal"] = sorted(event_type.personal)
    schema.pop("description", None)  # words may change, the shape may not
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def changed(folder: Path = FOLDER) -> list[str]:
    """Return the events whose shape is no longer the one that was released."""
    return [
        f"{event_type.wire_name} v{event_type.schema_version}"
        for event_type in event_types().values()
        if (path := path_of(event_type.wire_name, event_type.schema_version, folder)).exists()
        and path.read_bytes() != schema_of(event_type)
    ]


def missing(folder: Path = FOLDER) -> list[type[Event]]:
    """Return the events whose present version is not described yet."""
    return [
        event_type
        for event_type in event_types().values()
        if not path_of(event_type.wire_name, event_type.schema_version, folder).exists()
    ]
