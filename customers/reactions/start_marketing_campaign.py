"""Send a new customer to the marketing system, by a webhook if one is configured."""

import urllib.request

import orjson
import structlog
from django.conf import settings

from cqrs.event_log.events import RecordedEvent
from cqrs.messaging.context import current_traceparent
from cqrs.reactions.outgoing import http_opener
from cqrs.reactions.reaction import Effect, Reaction
from customers.events import CustomerRegistered

TIMEOUT_S = 5  # of one wait for the server; the deadline is that of the whole call

log = structlog.get_logger("customers.campaign")


class StartMarketingCampaign(Reaction):
    """Posts the event to `MARKETING_WEBHOOK_URL` with its id as `Idempotency-Key`."""

    name = "start_marketing_campaign"
    event_type = CustomerRegistered.wire_name
    effect = Effect.EXTERNAL
    deadline_s = 15

    def react(self, event: RecordedEvent) -> None:
        """Post the event, or log it without a webhook; raises for an answer that is an error."""
        if not settings.MARKETING_WEBHOOK_URL:
            log.info("campaign_without_webhook", customer_id=event.data["customer_id"])
            return
        request = urllib.request.Request(  # noqa: S310  the operator's own address, checked at start
            settings.MARKETING_WEBHOOK_URL,
            data=orjson.dumps({"type": "CustomerRegistered", "data": event.data}),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": str(event.event_id),
                **_trace(),
            },
        )
        with http_opener.open(request, timeout=TIMEOUT_S):
            pass


def _trace() -> dict[str, str]:
    traceparent = current_traceparent()
    return {"traceparent": traceparent} if traceparent else {}
