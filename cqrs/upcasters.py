"""Old events read as if they had been written today.

The log is never changed. When an event's shape changes, its `schema_version` goes up and a function
here turns the data of the version before into the new ones, one step at a time.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]


@cache
def upcasters() -> Mapping[tuple[str, int], Upcaster]:
    """Return what lifts (wire name, schema version) to the next version, from the settings."""
    found: dict[tuple[str, int], Upcaster] = {}
    for path in settings.CQRS["UPCASTERS"]:
        found.update(import_string(path))
    return found


def upcast(wire_name: str, schema_version: int, data: Data) -> tuple[int, Data]:
    """Return the data in their latest shape, and its version."""
    steps = upcasters()
    while step := steps.get((wire_name, schema_version)):
        schema_version, data = schema_version + 1, step(data)
    return schema_version, data
