"""Notify the customer by e-mail that an order is on its way."""

from uuid import UUID

from django.core.mail import EmailMessage

from cqrs.event_log.events import RecordedEvent
from customers.public import contact_of
from orders.events import OrderShipped


class NotifyShipment:
    """Sends one mail. Its Message-ID contains the event's id, so a second copy is recognized."""

    name = "notify_shipment"
    event_type = OrderShipped.wire_name

    def react(self, event: RecordedEvent) -> None:
        """Send the mail to the customer's present address; raises the errors of the mail server."""
        name, email = contact_of(UUID(event.data["customer_id"]))
        details = (event.data["carrier"], event.data["tracking_number"])
        message = " ".join(filter(None, ("your order has left our house.", *details)))
        EmailMessage(
            subject=f"Order {event.data['order_id']} is on its way",
            body=f"Hello {name},\n\n{message}\n",
            to=[email],
            headers={"Message-ID": f"<{event.event_id}@order-desk.invalid>"},
        ).send()
