from collections.abc import Iterator
from threading import Thread

import pytest
from django.db import connections
from structlog.testing import capture_logs

from config.database.embedded.ports import free_port
from cqrs.messaging.context import system_context, use_context
from cqrs.models import EventRecord
from cqrs.reactions import executor
from customers.models import CustomerProfile
from customers.reactions import start_marketing_campaign
from tests.support.desk import wait_for
from tests.support.reacting import deployed, failures, handed_over, make_due, run
from tests.support.scenarios import customer
from tests.support.webhook import Webhook, webhook

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NAME = "start_marketing_campaign"


@pytest.fixture
def hook(settings) -> Iterator[Webhook]:
    with webhook() as listening:
        settings.MARKETING_WEBHOOK_URL = listening.url
        yield listening


@pytest.mark.django_db
class TestStartMarketingCampaign:
    def test_posts_the_customer_with_the_events_id_as_key(self, hook: Webhook):
        with use_context(system_context(traceparent=TRACE)):
            key = customer(name="Ada", email="ada@example.com")
        assert run(deployed(NAME)) == 1
        [(headers, body)] = hook.posts
        event = EventRecord.objects.get()
        assert headers["idempotency-key"] == str(event.event_id)
        assert headers["traceparent"] == TRACE
        assert headers["content-type"] == "application/json"
        assert body == {"type": "CustomerRegistered", "data": event.data}
        assert body["data"]["customer_id"] == str(key)

    @pytest.mark.parametrize("status", [500, 404, 429])
    def test_posts_again_with_the_same_key_what_was_not_taken(self, hook: Webhook, status: int):
        hook.status = status
        customer()
        run(deployed(NAME))
        [error] = failures()
        assert error.startswith(f"HTTPError: HTTP Error {status}")
        hook.status = 200
        make_due()
        run(deployed(NAME))
        first, second = hook.posts
        assert first == second
        assert failures() == []

    @pytest.mark.parametrize("status", [301, 302, 303, 307])
    def test_does_not_take_a_redirect_for_a_success(self, hook: Webhook, status: int):
        hook.status, hook.headers = status, {"Location": hook.url}
        customer()
        run(deployed(NAME))
        assert len(hook.posts) == 1
        [error] = failures()
        assert error.startswith(f"HTTPError: HTTP Error {status}")

    def test_a_closed_port_costs_one_attempt_and_delays_no_later_event(self, settings):
        settings.MARKETING_WEBHOOK_URL = f"http://127.0.0.1:{free_port()}/"
        customer()
        customer()
        assert run(deployed(NAME)) == 2
        assert run(deployed("create_default_profile")) == 2
        assert ["refused" in error for error in failures()] == [True, True]

    def test_a_webhook_that_does_not_answer_is_given_up(self, hook: Webhook, monkeypatch):
        monkeypatch.setattr(start_marketing_campaign, "TIMEOUT_S", 0.2)
        hook.go_on.clear()
        customer()
        assert run(deployed(NAME)) == 1
        assert failures() == ["TimeoutError: timed out"]

    def test_logs_without_a_webhook_and_without_personal_data(self, settings):
        settings.MARKETING_WEBHOOK_URL = ""
        customer(name="Ada", email="ada@example.com")
        with capture_logs() as logs:
            assert run(deployed(NAME)) == 1
        assert "campaign_without_webhook" in [line["event"] for line in logs]
        assert "ada" not in str(logs).lower()
        assert failures() == []


@pytest.mark.django_db(transaction=True)
class TestHangingWebhook:
    def test_delays_no_other_reaction(self, hook: Webhook):
        hook.go_on.clear()
        customer()
        handed_over()
        hanging = Thread(target=_react)
        hanging.start()
        try:
            wait_for(lambda: hook.posts, 30)
            customer()
            assert run(deployed("create_default_profile")) == 2
            assert CustomerProfile.objects.count() == 2
            assert run(deployed(NAME)) == 0
            assert deployed(NAME) not in executor.waiting()
            assert hanging.is_alive()
        finally:
            hook.go_on.set()
            hanging.join(30)
        assert len(hook.posts) == 2


def _react() -> None:
    try:
        executor.run(deployed(NAME))
    finally:
        connections.close_all()
