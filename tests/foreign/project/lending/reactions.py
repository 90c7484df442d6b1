"""What else happens when a book is lent."""

from uuid import UUID

from cqrs.event_log.events import RecordedEvent
from cqrs.reactions.reaction import Effect, Reaction
from lending.events import BookLent
from lending.models import Reminder


class NoteReminder(Reaction):
    """Writes one row on `default`: exactly once."""

    name = "note_reminder"
    event_type = BookLent.wire_name
    effect = Effect.TRANSACTIONAL

    def react(self, event: RecordedEvent) -> None:
        """Write the reminder unless it is there already."""
        data = event.data
        values = {"reader": data["reader"], "due_date": data["due_date"]}
        Reminder.objects.get_or_create(copy_id=UUID(data["copy_id"]), defaults=values)


REACTIONS = (NoteReminder(),)
