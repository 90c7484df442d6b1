"""Notify the customer by e-mail that an order is on its way."""

from uuid import UUID

from django.core.mail import EmailMessage

from cqrs.event_log.events import RecordedEvent
from cqrs.reactions.reaction import Effect, Reaction
from customers.public import contact_of, is_placeholder
from orders.events import OrderShipped


class NotifyShipment(Reaction):
    """Sends one mail. Its Message-ID contains the event's id, so a second copy is recognized."""

    name = "notify_shipment"
    event_type = OrderShipped.wire_name
    effect = Effect.EXTERNAL
    deadline_s = 30

    def react(self, event: RecordedEvent) -> None:
        """Send the mail to the customer's present address; raises the errors of the mail server.

        Customers that were imported without an address get none.
        """
        name, email = contact_of(UUID(event.data["customer_id"]))
        if is_placeholder(email):
            return
        details = (event.data["carrier"], event.data["tracking_number"])
        message = " ".join(filter(None, ("your order has left our house.", *details)))
        EmailMessage(
            subject=f"Order {event.data['order_id']} is on its way",
            body=f"Hello {name},\n\n{message}\n",
            to=[email],
            headers={"Message-ID": f"<{event.event_id}@order-desk.invalid>"},
        ).send()
