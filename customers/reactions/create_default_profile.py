"""Create a profile with defaults for a new customer, on `default`."""

from uuid import UUID

from cqrs.event_log.events import RecordedEvent
from customers.events import CustomerRegistered
from customers.models import CustomerProfile


class CreateDefaultProfile:
    """Writes one row, in the transaction of its checkpoint: exactly once."""

    name = "create_default_profile"
    event_type = CustomerRegistered.wire_name

    def react(self, event: RecordedEvent) -> None:
        """Write the row unless it exists."""
        CustomerProfile.objects.get_or_create(customer_id=UUID(event.data["customer_id"]))
