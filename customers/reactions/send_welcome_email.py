"""Welcome a new customer by e-mail, through Django's mail API."""

from django.core.mail import EmailMessage

from cqrs.event_log.events import RecordedEvent
from cqrs.reactions.reaction import Effect, Reaction
from customers.events import CustomerRegistered
from customers.fields import is_placeholder


class SendWelcomeEmail(Reaction):
    """Sends one mail. Its Message-ID contains the event's id, so a second copy is recognized."""

    name = "send_welcome_email"
    event_type = CustomerRegistered.wire_name
    effect = Effect.EXTERNAL
    deadline_s = 30

    def react(self, event: RecordedEvent) -> None:
        """Send the mail, not to a placeholder; raises the errors of the mail server."""
        if is_placeholder(event.data["email"]):
            return
        EmailMessage(
            subject="Welcome",
            body=f"Hello {event.data['name']},\n\nyour account is ready. Happy ordering!\n",
            to=[event.data["email"]],
            headers={"Message-ID": f"<{event.event_id}@order-desk.invalid>"},
        ).send()
