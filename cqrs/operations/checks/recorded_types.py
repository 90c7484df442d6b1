"""System checks of what projections handle, against what was recorded for their versions."""

from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from cqrs.conf import conf
from cqrs.operations.checks.tables import entries
from cqrs.projections import recorded_types
from cqrs.projections.projection import Projection


@register("cqrs")
def handled_types_are_recorded(**_: Any) -> list[CheckMessage]:
    """Name the projections whose handled types have changed, or are not recorded.

    A deployment may leave the folder of the records out: then there is nothing to compare with.
    """
    folder = conf().EVENT_SCHEMAS_DIR
    if folder is None or not folder.exists():
        return []
    projections = entries("PROJECTIONS")
    return [
        *map(_changed, recorded_types.changed(projections)),
        *map(_missing, recorded_types.missing(projections)),
    ]


def _changed(projection: Projection) -> CheckMessage:
    before = set(recorded_types.recorded_for(projection) or ())
    now = set(projection.types)
    differences = [f"+{name}" for name in sorted(now - before)]
    differences += [f"-{name}" for name in sorted(before - now)]
    return Error(
        f"{projection.name} v{projection.version} handles other events than were recorded for it:"
        f" {', '.join(differences)}",
        hint="Raise its version, because the rows of this one were folded without the change. If"
        f" this version was never released, remove its entry from {recorded_types.path()}.",
        id="cqrs.E013",
    )


def _missing(projection: Projection) -> CheckMessage:
    return Warning(
        f"It is not recorded which events {projection.name} v{projection.version} handles",
        hint="manage.py event_schemas",
        id="cqrs.W003",
    )
