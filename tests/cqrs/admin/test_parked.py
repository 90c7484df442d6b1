"""The admin shows what is parked, and lets those who may retry and discard it."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from cqrs.projections.models import ParkedEvent
from readmodels.models import OrderReadModel
from readmodels.projections import orders
from tests.support.log import Log
from tests.support.pages import Staff

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


class TestParkedEventAdmin:
    PARKED = "admin:cqrs_projections_parkedevent_changelist"

    @pytest.fixture
    def poisoned(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> UUID:
        def broken(*_: Any) -> None:
            raise KeyError("a bug")

        key = log.order(log.customer())
        log.confirm(key)
        with monkeypatch.context() as patch:
            patch.setitem(orders.HANDLERS, "orders.order_created", broken)
            log.projected()
        return key

    def act(self, client: Client, action: str) -> str:
        keys = [str(key) for key in ParkedEvent.objects.values_list("pk", flat=True)]
        chosen = {"action": action, "_selected_action": keys}
        return client.post(reverse(self.PARKED), chosen, follow=True).content.decode()

    def test_lists_and_finds_what_is_parked(self, staff: Staff, poisoned: UUID) -> None:
        client = staff("view_parked")
        for parameters, found in (({}, True), ({"q": str(poisoned)}, True), ({"q": "x"}, False)):
            page = client.get(reverse(self.PARKED), parameters).content.decode()
            assert (str(poisoned) in page) is found
        row = ParkedEvent.objects.first()
        page = client.get(reverse("admin:cqrs_projections_parkedevent_change", args=[row.pk]))
        assert "KeyError" in page.content.decode()

    def test_retries(self, staff: Staff, poisoned: UUID) -> None:
        assert "2 event(s) applied" in self.act(staff("view_parked", "handle_parked"), "retry")
        assert OrderReadModel.objects.get(pk=poisoned).status == "confirmed"
        assert ParkedEvent.objects.count() == 0

    def test_discards(self, staff: Staff, poisoned: UUID) -> None:
        assert "2 event(s) discarded" in self.act(staff("view_parked", "handle_parked"), "discard")
        assert ParkedEvent.objects.count() == OrderReadModel.objects.count() == 0

    @pytest.mark.parametrize("action", ["retry", "discard"])
    def test_lets_those_who_may_only_look_do_nothing(
        self, staff: Staff, poisoned: UUID, action: str
    ) -> None:
        self.act(staff("view_parked"), action)
        assert ParkedEvent.objects.count() == 2
