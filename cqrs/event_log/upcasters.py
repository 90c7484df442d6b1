"""Upcasters: lift the data of stored events to their latest schema version.

The log is never changed. When an event's shape changes, its `schema_version` rises by one, and its
app adds a function that turns the data of the version before into the new shape.
"""

from collections.abc import Callable, Mapping
from typing import Any

from cqrs.conf import cached_setting, conf, tables

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]


class NeedsNewerCode(Exception):
    """An event has a schema version that this build does not know: a newer build wrote it."""

    def __init__(self, wire_name: str, schema_version: int) -> None:
        super().__init__(f"{wire_name} has schema version {schema_version}, which newer code reads")
        self.wire_name = wire_name
        self.schema_version = schema_version


@cached_setting
def upcasters() -> Mapping[tuple[str, int], Upcaster]:
    """Return the functions by (wire name, version that they lift), from the settings."""
    found: dict[tuple[str, int], Upcaster] = {}
    for table in tables(conf().UPCASTERS):
        found.update(table)
    return found


def upcast(wire_name: str, schema_version: int, data: Data) -> tuple[int, Data]:
    """Apply every upcaster that fits; return the latest version and its data."""
    steps = upcasters()
    while step := steps.get((wire_name, schema_version)):
        schema_version, data = schema_version + 1, step(data)
    return schema_version, data
