"""The JSON Schema of every event version, in files, so that a test notices a changed one."""

from pathlib import Path
from typing import Any

import orjson
from django.core.exceptions import ImproperlyConfigured

from cqrs.conf import conf
from cqrs.event_log.events import Event, event_types


def folder() -> Path:
    """Return the folder of the schemas. Raises `ImproperlyConfigured` without the setting."""
    found = conf().EVENT_SCHEMAS_DIR
    if found is None:
        raise ImproperlyConfigured("Set CQRS['EVENT_SCHEMAS_DIR'] to the folder of event schemas")
    return found


def path_of(wire_name: str, schema_version: int) -> Path:
    """Return the file of one event version."""
    return folder() / f"{wire_name}.v{schema_version}.json"


def schema_of(event_type: type[Event]) -> bytes:
    """Return the JSON Schema of an event's data; `x-personal` lists the personal fields."""
    schema: dict[str, Any] = event_type.model_json_schema(mode="serialization")
    schema["x-wire-name"] = event_type.wire_name
    schema["x-schema-version"] = event_type.schema_version
    schema["x-personal"] = sorted(event_type.personal)
    schema.pop("description", None)  # a docstring may change, the shape may not
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def changed() -> list[str]:
    """Return the event versions that differ from their file."""
    return [
        f"{event_type.wire_name} v{event_type.schema_version}"
        for event_type in event_types().values()
        if (path := path_of(event_type.wire_name, event_type.schema_version)).exists()
        and path.read_bytes() != schema_of(event_type)
    ]


def missing() -> list[type[Event]]:
    """Return the events whose present version has no file."""
    return [
        event_type
        for event_type in event_types().values()
        if not path_of(event_type.wire_name, event_type.schema_version).exists()
    ]
