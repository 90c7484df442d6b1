"""The executor reacts once per event, with the event's actor, and one event stops no other."""

from threading import Event as Flag
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import JSONField, Value

from cqrs.conf import conf
from cqrs.event_log.upcasters import NeedsNewerCode
from cqrs.messaging import bus
from cqrs.messaging.context import current_context, system_context, use_context
from cqrs.models import EventRecord, ReactionWork
from cqrs.reactions import executor
from cqrs.reactions.reacting import react_to
from cqrs.reactions.reaction import Effect
from orders.commands import SetStock
from tests.support.faults import fail
from tests.support.kernel_settings import cqrs
from tests.support.reacting import Recorder, failures, handed_over, make_due, position, run
from tests.support.scenarios import customer, product

KINDS = pytest.mark.parametrize("effect", list(Effect))


def broken(_: dict[str, Any]) -> dict[str, Any]:
    raise KeyError("an upcaster with a bug")


UPCASTERS = {("customers.customer_registered", 0): broken}


@pytest.mark.django_db
class TestRun:
    @KINDS
    def test_reacts_to_its_events_in_order_and_to_no_other(self, deploy, effect: Effect):
        recorder = deploy(Recorder(effect=effect))
        expected = []
        for _ in range(3):
            product(5)
            expected.append(customer())
        assert run(recorder) == 3
        assert recorder.streams == expected
        assert run(recorder) == 0
        assert position() == 6
        assert not ReactionWork.objects.exists()

    def test_acts_on_behalf_of_the_user_who_caused_the_event(self, deploy):
        seen = []
        recorder = deploy(Recorder(then=lambda _: seen.append(current_context())))
        context = system_context(actor="ada", correlation_id="c-7", traceparent="00-x", hops=2)
        with use_context(context):
            customer()
        run(recorder)
        [acting] = seen
        assert (acting.actor, acting.correlation_id, acting.traceparent) == ("ada", "c-7", "00-x")
        assert acting.causation_id == str(recorder.seen[0].event_id)
        assert (acting.hops, acting.permissions) == (3, None)

    def test_of_the_transactional_ones_leaves_the_others(self, deploy):
        mail, profile = Recorder("mail"), Recorder("profile", effect=Effect.TRANSACTIONAL)
        deploy(mail, profile)
        key = customer()
        handed_over()
        assert executor.run_transactional() == 1
        assert (mail.streams, profile.streams) == ([], [key])

    def test_commands_of_a_reaction_may_be_distinguished_by_its_event(self, deploy):
        """Show how a reaction sends a command at most once: the event's id is the key."""
        lamp = product(1)

        def count(event):
            key = str(event.event_id)
            bus.send(SetStock, {"product_id": lamp, "on_hand": 7}, idempotency_key=key)

        recorder = deploy(Recorder(then=count))
        customer()
        run(recorder)
        react_to(recorder, recorder.seen[0].event_id)
        assert EventRecord.objects.filter(stream_id=lamp).count() == 2


@pytest.mark.django_db
class TestOddEvent:
    @KINDS
    @pytest.mark.parametrize(
        "metadata",
        [None, [], "text", {}, {"hops": None, "correlation_id": None, "actor": 7}, {"hops": "x"}],
    )
    def test_works_and_stops_no_other(self, deploy, effect: Effect, metadata: Any):
        contexts = []
        recorder = deploy(
            Recorder(effect=effect, then=lambda _: contexts.append(current_context()))
        )
        odd, fine = customer(), customer()
        EventRecord.objects.filter(stream_id=odd).update(metadata=Value(metadata, JSONField()))
        assert run(recorder) == 2
        assert recorder.streams == [odd, fine]
        assert not ReactionWork.objects.exists()
        assert (contexts[0].actor, contexts[0].hops) == ("system", 1)
        assert contexts[0].correlation_id == recorder.seen[0].event_id.hex
        assert recorder.seen[0].metadata == (metadata if isinstance(metadata, dict) else {})

    @KINDS
    def test_with_a_failing_upcaster_steps_aside(self, deploy, effect: Effect):
        recorder = deploy(Recorder(effect=effect))
        keys = [customer() for _ in range(4)]
        EventRecord.objects.filter(stream_id=keys[1]).update(schema_version=0)
        upcasters = [*conf().UPCASTERS, f"{__name__}.UPCASTERS"]
        with cqrs(UPCASTERS=upcasters):
            assert run(recorder) == 4
        assert recorder.streams == [keys[0], keys[2], keys[3]]
        assert failures() == ["KeyError: 'an upcaster with a bug'"]

    def test_that_is_gone_from_the_log_steps_aside(self, deploy):
        recorder = deploy(Recorder())
        gone, fine = customer(), customer()
        handed_over()
        unknown = "00000000-0000-7000-8000-000000000000"
        ReactionWork.objects.filter(stream_id=gone).update(event_id=unknown)
        assert executor.run(recorder) == 2
        assert recorder.streams == [fine]
        assert failures() == [f"LookupError: The feed has no event {unknown}"]

    @KINDS
    def test_of_a_newer_schema_version_waits_for_newer_code(self, deploy, effect: Effect):
        recorder = deploy(Recorder(effect=effect))
        newer, fine = customer(), customer()
        EventRecord.objects.filter(stream_id=newer).update(schema_version=9)
        assert run(recorder) == 2
        assert recorder.streams == [fine]
        for _ in range(20):
            [row] = ReactionWork.objects.all()
            assert row.attempts == 0
            assert row.error.startswith("NeedsNewerCode: customers.customer_registered has schema")
            wait_s = (row.due_at - row.created_at).total_seconds()
            assert 9 < wait_s < 60
            make_due()
            assert run(recorder) == 1
        EventRecord.objects.filter(stream_id=newer).update(schema_version=1)
        make_due()
        assert run(recorder) == 1
        assert recorder.streams == [fine, newer]
        assert not ReactionWork.objects.exists()

    def test_names_type_and_version_of_what_is_too_new(self):
        error = NeedsNewerCode("customers.customer_registered", 9)
        assert (error.wire_name, error.schema_version) == ("customers.customer_registered", 9)


@pytest.mark.django_db(transaction=True)
class TestTransaction:
    def test_is_not_open_during_an_external_effect(self, deploy):
        seen = []

        def look(event):
            row = ReactionWork.objects.get()
            seen.append((connection.in_atomic_block, row.attempts, row.due_at > row.created_at))

        recorder = deploy(Recorder(then=look))
        customer()
        run(recorder)
        assert seen == [(False, 1, True)]

    def test_is_open_during_a_transactional_effect(self, deploy):
        seen = []
        recorder = deploy(
            Recorder(
                effect=Effect.TRANSACTIONAL, then=lambda _: seen.append(connection.in_atomic_block)
            )
        )
        customer()
        run(recorder)
        assert seen == [True]

    def test_of_a_caller_is_refused(self, deploy):
        recorder = deploy(Recorder(then=fail))
        customer()
        handed_over()
        with transaction.atomic(), pytest.raises(RuntimeError):
            executor.run(recorder)
        assert recorder.seen == []

    def test_would_end_during_a_slow_call_so_there_is_none(self, deploy):
        """The server ends sessions that idle in a transaction for longer than 2 s."""
        recorder = deploy(Recorder(then=lambda _: slow.wait(3)))
        slow = Flag()
        customer()
        handed_over()
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = '2s'")
        try:
            assert executor.run(recorder) == 1
            assert executor.run(recorder) == 0
        finally:
            connection.close()
        assert len(recorder.seen) == 1
        assert not ReactionWork.objects.exists()
