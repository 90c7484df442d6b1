"""Old events read as if they had been written today.

The log is never changed. When an event's shape changes, its `schema_version` goes up and a function
here turns the data of the version before into the new ones, one step at a time.
"""

from collections.abc import Callable, Mapping
from typing import Any

from cqrs.conf import cached_setting, conf, tables

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]


@cached_setting
def upcasters() -> Mapping[tuple[str, int], Upcaster]:
    """Return what lifts (wire name, schema version) to the next version, from the settings."""
    found: dict[tuple[str, int], Upcaster] = {}
    for table in tables(conf().UPCASTERS):
        found.update(table)
    return found


def upcast(wire_name: str, schema_version: int, data: Data) -> tuple[int, Data]:
    """Return the data in their latest shape, and its version."""
    steps = upcasters()
    while step := steps.get((wire_name, schema_version)):
        schema_version, data = schema_version + 1, step(data)
    return schema_version, data
