"""Describe new event versions in EVENT_SCHEMAS_DIR; refuse when a released one has changed."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from cqrs.event_log import event_schemas


class Command(BaseCommand):
    help = "Write the JSON Schema of every event version that has none into EVENT_SCHEMAS_DIR"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            folder = event_schemas.folder()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        if changed := event_schemas.changed():
            raise CommandError(
                f"The shape of {', '.join(changed)} has changed: raise its schema_version and"
                " write an upcaster from the version before"
            )
        folder.mkdir(parents=True, exist_ok=True)
        for event_type in event_schemas.missing():
            path = event_schemas.path_of(event_type.wire_name, event_type.schema_version)
            path.write_bytes(event_schemas.schema_of(event_type))
            self.stdout.write(f"Written: {path.name}")
