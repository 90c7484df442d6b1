"""Create a profile with defaults for a new customer, on `default`."""

from uuid import UUID

from cqrs.event_log.events import RecordedEvent
from cqrs.reactions.reaction import Effect, Reaction
from customers.events import CustomerRegistered
from customers.models import CustomerProfile


class CreateDefaultProfile(Reaction):
    """Writes one row on `default`: exactly once."""

    name = "create_default_profile"
    event_type = CustomerRegistered.wire_name
    effect = Effect.TRANSACTIONAL

    def react(self, event: RecordedEvent) -> None:
        """Write the row unless it exists."""
        CustomerProfile.objects.get_or_create(customer_id=UUID(event.data["customer_id"]))
