"""No server can say whether the COMMIT was done: the answer says so, and nothing is repeated."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.test import Client

from cqrs.database import commit_outcome
from cqrs.database.commit_outcome import CommitWitness, OutcomeUnknown
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.models import EventRecord
from orders.commands import SetStock
from tests.support.api import bearer
from tests.support.faults import after_publishing, at_commit, execute
from tests.support.scenarios import stock
from tests.support.tcp_proxy import Fault, Proxy
from tests.support.wire import broken

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.postgresql_version,
]
HELD = 7  # an advisory lock of this test


class TestUnknown:
    @pytest.fixture
    def gone(self, wire: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fault]:
        """After the COMMIT no server answers any more."""
        monkeypatch.setattr(commit_outcome, "PATIENCE_S", 0.2)
        yield Fault(reaches_server=True, then=lambda: setattr(wire, "refuses", 1_000))
        wire.refuses = 0

    def test_says_so_and_tries_nothing(self, wire: Proxy, gone: Fault):
        payload = {"product_id": uuid7(), "on_hand": 1}
        with after_publishing() as seen, pytest.raises(OutcomeUnknown):
            broken(wire, gone, SetStock, payload)
        assert seen == [str(payload["product_id"])]

    def test_is_503_and_safe_to_repeat_with_the_same_key(self, wire: Proxy, gone: Fault):
        client, lamp = Client(), uuid7()
        headers = {**bearer("ada"), "Idempotency-Key": "k-1"}

        def put():
            path = f"/api/products/{lamp}/stock"
            return client.put(path, {"on_hand": 3}, "application/json", headers=headers)

        execute("SELECT 1")
        wire.fault = gone
        answer = put()
        assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
        assert answer["Retry-After"] == "1"
        wire.refuses = 0
        again = put()
        assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
        assert stock(lamp) == (3, 0, 1)

    def test_a_commit_that_does_not_end_is_unknown(self, wire: Proxy, monkeypatch):
        monkeypatch.setattr(commit_outcome, "PATIENCE_S", 0.2)
        cut_at_once = Fault(reaches_server=True, awaits_answer=False)
        payload = {"product_id": uuid7(), "on_hand": 3}
        with (
            at_commit(f"PERFORM pg_advisory_xact_lock({HELD})"),
            pytest.raises(OutcomeUnknown),
            holding_commits(),
        ):
            broken(wire, cut_at_once, SetStock, payload)

    def test_waits_for_a_server_that_comes_back(self, wire: Proxy):
        away = Fault(reaches_server=True, then=lambda: setattr(wire, "refuses", 3))
        result, retries = broken(wire, away, SetStock, {"product_id": uuid7(), "on_hand": 3})
        assert (result.value.on_hand, retries, wire.refuses) == (3, [], 0)


@contextmanager
def holding_commits() -> Iterator[None]:
    """Hold the lock that the COMMIT waits for until the block ends."""
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [HELD])
        yield
    finally:
        holder.close()


class TestTrace:
    @pytest.mark.parametrize("ahead", [0, 1_000_000])
    def test_an_id_that_the_server_lost_in_a_crash_means_not_committed(self, ahead: int):
        witness = CommitWitness()
        present = "SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + %s)::text"
        witness.transaction_id = execute(present, ahead)
        witness.rows.append(("SELECT 1 WHERE false", ()))
        assert witness.was_committed() is False

    def test_an_id_that_another_transaction_got_is_no_proof(self):
        with transaction.atomic():
            bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1})
            committed = execute("SELECT pg_current_xact_id()::text")
        witness = CommitWitness()
        witness.transaction_id = committed
        witness.rows.append(("SELECT 1 FROM cqrs_event WHERE event_id = %s", (uuid7(),)))
        assert witness.was_committed() is False
        witness.rows.append(("SELECT 1 FROM cqrs_event WHERE event_id = %s",
                           (EventRecord.objects.get().event_id,)))  # fmt: skip
        assert witness.was_committed() is True

    def test_nothing_is_remembered_outside_a_command(self):
        commit_outcome.add_witness("1", "SELECT 1", ())
        with commit_outcome.witnessed() as witness:
            pass
        assert witness.was_committed() is False

    def test_a_wrong_question_is_a_bug_and_no_unknown_outcome(self):
        witness = CommitWitness()
        witness.transaction_id = execute("SELECT pg_current_xact_id()::text")
        witness.rows.append(("SELECT nonsense", ()))
        with pytest.raises(Exception, match="nonsense"):
            witness.was_committed()
