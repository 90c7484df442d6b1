"""The admin shows what is parked, and lets those who may retry and discard it."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from cqrs.messaging.ids import uuid7
from cqrs.models import ReactionWork
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from readmodels.models import OrderReadModel
from readmodels.projections import orders
from tests.support.faults import fail
from tests.support.log import Log
from tests.support.pages import Staff
from tests.support.reacting import Recorder, handed_over, run
from tests.support.scenarios import customer

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

    def test_says_that_the_read_side_is_ahead_of_the_log(
        self, staff: Staff, poisoned: UUID
    ) -> None:
        ProjectionCheckpoint.objects.update(event_id=uuid7())
        page = self.act(staff("view_parked", "handle_parked"), "retry")
        assert "The read side is ahead of the log" in page
        assert ParkedEvent.objects.count() == 2

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


class TestFailedReactionAdmin:
    FAILED = "admin:cqrs_reactionwork_changelist"

    @pytest.fixture
    def recorder(self, deploy: Any, no_wake_ups: None) -> Recorder:
        """Have one row that failed and one that waits."""
        recorder: Recorder = deploy(Recorder(then=fail))
        customer()
        run(recorder)
        customer()
        handed_over()
        recorder.then = lambda _: None
        return recorder

    def act(self, client: Client, action: str) -> str:
        keys = [str(key) for key in ReactionWork.objects.values_list("pk", flat=True)]
        chosen = {"action": action, "_selected_action": keys}
        return client.post(reverse(self.FAILED), chosen, follow=True).content.decode()

    def test_lists_what_failed_and_not_what_waits(self, staff: Staff, recorder: Recorder) -> None:
        client = staff("view_parked")
        failed, waiting = ReactionWork.objects.order_by("position")
        page = client.get(reverse(self.FAILED)).content.decode()
        assert str(failed.stream_id) in page
        assert str(waiting.stream_id) not in page
        page = client.get(reverse("admin:cqrs_reactionwork_change", args=[failed.pk]))
        assert "Broken: no" in page.content.decode()

    def test_is_closed_to_others(self, staff: Staff, recorder: Recorder) -> None:
        assert staff("view_orders").get(reverse(self.FAILED)).status_code == 403

    def test_retries_what_failed_and_nothing_else(self, staff: Staff, recorder: Recorder) -> None:
        assert "1 event(s) applied" in self.act(staff("view_parked", "handle_parked"), "retry")
        assert [event.position for event in recorder.seen] == [1, 1]
        assert [row.position for row in ReactionWork.objects.all()] == [2]

    def test_discards(self, staff: Staff, recorder: Recorder) -> None:
        assert "1 event(s) discarded" in self.act(staff("view_parked", "handle_parked"), "discard")
        assert [row.position for row in ReactionWork.objects.all()] == [2]

    @pytest.mark.parametrize("action", ["retry", "discard"])
    def test_lets_those_who_may_only_look_do_nothing(
        self, staff: Staff, recorder: Recorder, action: str
    ) -> None:
        self.act(staff("view_parked"), action)
        assert ReactionWork.objects.count() == 2
        assert [event.position for event in recorder.seen] == [1]
