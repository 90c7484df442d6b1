"""What else happens when a book is lent."""

from uuid import UUID

from cqrs.event_log.events import RecordedEvent
from lending.events import BookLent
from lending.models import Reminder


class NoteReminder:
    """Writes one row, in the transaction of its checkpoint: exactly once."""

    name = "note_reminder"
    event_type = BookLent.wire_name

    def react(self, event: RecordedEvent) -> None:
        """Write the reminder unless it is there already."""
        data = event.data
        values = {"reader": data["reader"], "due_date": data["due_date"]}
        Reminder.objects.get_or_create(copy_id=UUID(data["copy_id"]), defaults=values)


REACTIONS = (NoteReminder(),)
