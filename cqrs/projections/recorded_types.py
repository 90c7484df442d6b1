"""The event types that each version of a projection handles, in a file beside the event schemas.

The rows of a version were folded with the handlers of that time. With another set of types, new
rows would be right and old ones wrong under one version. So another set needs a new version.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import orjson

from cqrs.event_log.event_schemas import folder
from cqrs.projections.projection import Projection

RecordedTypes = dict[str, dict[str, list[str]]]
"""Sorted wire names by projection and version."""


def path() -> Path:
    """Return the file. Raises `ImproperlyConfigured` without the setting of its folder."""
    return folder() / "projections.json"


def recorded() -> RecordedTypes:
    """Return what the file says; nothing without a file."""
    if not path().exists():
        return {}
    found: RecordedTypes = orjson.loads(path().read_bytes())
    return found


def recorded_for(projection: Projection) -> list[str] | None:
    """Return the types that were recorded for this version, or None."""
    return recorded().get(projection.name, {}).get(str(projection.version))


def changed(projections: Iterable[Projection]) -> list[Projection]:
    """Return the projections that handle other types than were recorded for their version."""
    return [each for each in projections if recorded_for(each) not in (None, sorted(each.types))]


def missing(projections: Iterable[Projection]) -> list[Projection]:
    """Return the projections whose version is not recorded."""
    return [each for each in projections if recorded_for(each) is None]


def record(projections: Sequence[Projection]) -> None:
    """Add these versions to the file; the others stay, also of projections that are gone."""
    found = recorded()
    for each in projections:
        found.setdefault(each.name, {})[str(each.version)] = sorted(each.types)
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    path().write_bytes(orjson.dumps(found, option=options) + b"\n")
