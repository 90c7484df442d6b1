"""Welcome a new customer by e-mail, through Django's mail API."""

from django.core.mail import EmailMessage

from cqrs.event_log.events import RecordedEvent
from customers.events import CustomerRegistered


class SendWelcomeEmail:
    """Sends one mail. Its Message-ID is made of the event's id, so that a repetition shows."""

    name = "send_welcome_email"
    event_type = CustomerRegistered.wire_name

    def react(self, event: RecordedEvent) -> None:
        """Send the mail; raises what the mail server says."""
        EmailMessage(
            subject="Welcome",
            body=f"Hello {event.data['name']},\n\nyour account is ready. Happy ordering!\n",
            to=[event.data["email"]],
            headers={"Message-ID": f"<{event.event_id}@order-desk.invalid>"},
        ).send()
