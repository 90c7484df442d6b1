"""Record new event versions and projection versions; refuse when a recorded one has changed."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from cqrs.event_log import event_schemas
from cqrs.projections import recorded_types
from cqrs.projections.registry import all_versions


class Command(BaseCommand):
    help = (
        "Write into EVENT_SCHEMAS_DIR what is not recorded there yet: the JSON Schema of each event"
        " version, and which events each projection version handles."
        " Example: manage.py event_schemas. Exit codes: 0; 1 when a recorded one has changed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            folder = event_schemas.folder()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        _refuse_changes()
        folder.mkdir(parents=True, exist_ok=True)
        self._write_schemas()
        self._record_types()

    def _write_schemas(self) -> None:
        for event_type in event_schemas.missing():
            path = event_schemas.path_of(event_type.wire_name, event_type.schema_version)
            path.write_bytes(event_schemas.schema_of(event_type))
            self.stdout.write(f"Written: {path.name}")

    def _record_types(self) -> None:
        if new := recorded_types.missing(all_versions()):
            recorded_types.record(new)
            names = ", ".join(f"{each.name} v{each.version}" for each in new)
            self.stdout.write(f"Recorded: the events that {names} handle")


def _refuse_changes() -> None:
    if changed := event_schemas.changed():
        raise CommandError(
            f"The shape of {', '.join(changed)} has changed: raise its schema_version and"
            " write an upcaster from the version before"
        )
    if others := recorded_types.changed(all_versions()):
        names = ", ".join(f"{each.name} v{each.version}" for each in others)
        raise CommandError(f"The events that {names} handles have changed: raise its version")
