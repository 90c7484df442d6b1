"""Reactions run once per event, in order, from where they were deployed."""

import pytest
from django.core.management import call_command
from django.utils import timezone

from cqrs.event_log import sequencer
from cqrs.messaging import bus
from cqrs.messaging.context import current_context, system_context, use_context
from cqrs.messaging.ids import uuid7
from cqrs.models import EventRecord, FeedHead, ReactionCheckpoint
from cqrs.reactions import attempts, reactions
from customers.commands import ImportCustomer
from orders.commands import SetStock
from tests.support.reacting import Recorder, configure, position, run
from tests.support.scenarios import accepted, customer, product


@pytest.mark.django_db
class TestStart:
    def test_is_at_the_head_with_what_was_written_before(self, deploy):
        before = customer()
        recorder = deploy(Recorder())
        after = customer()
        assert run(recorder) == 1
        assert recorder.streams == [after]
        assert before not in recorder.streams
        assert position() == sequencer.head() == 2

    def test_a_later_reaction_does_not_move_the_earlier_ones(self, deploy):
        first = deploy(Recorder("first"))
        old = customer()
        second = Recorder("second")
        deploy(first, second)
        new = customer()
        run(first)
        run(second)
        assert (first.streams, second.streams) == ([old, new], [new])

    def test_begins_a_new_one_without_a_migration(self, settings):
        recorder = Recorder()
        configure(settings, recorder)
        assert reactions.waiting() == []
        customer()
        sequencer.sequence()
        assert reactions.waiting() == [recorder]

    def test_has_every_reaction_after_the_migrations(self):
        names = set(ReactionCheckpoint.objects.values_list("consumer", flat=True))
        assert names == {each.name for each in reactions.reactions()}
        assert names == {"send_welcome_email", "create_default_profile",
                         "start_marketing_campaign", "notify_shipment"}  # fmt: skip


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
class TestFlush:
    def test_begins_anew(self):
        customer()
        sequencer.sequence()
        call_command("flush", database="default", interactive=False, verbosity=0)
        assert FeedHead.objects.get().position == 0
        assert set(ReactionCheckpoint.objects.values_list("position", flat=True)) == {0}
        assert ReactionCheckpoint.objects.count() == 4

    def test_of_the_read_side_changes_nothing(self):
        call_command("flush", database="replica", interactive=False, verbosity=0)
        assert ReactionCheckpoint.objects.count() == 4


@pytest.mark.django_db
class TestRun:
    def test_reacts_to_its_events_in_order_and_to_no_other(self, deploy):
        recorder = deploy(Recorder())
        expected = []
        for _ in range(3):
            product(5)
            expected.append(customer())
        assert run(recorder) == 3
        assert recorder.streams == expected
        assert run(recorder) == 0
        assert position() == 6

    def test_passes_over_imported_events_and_sees_those_between(self, deploy, monkeypatch):
        monkeypatch.setattr(reactions, "BATCH", 2)
        recorder = deploy(Recorder())
        expected = []
        for number in range(4):
            accepted(ImportCustomer, customer_id=uuid7(), name="Old",
                     email=f"{number}@example.com", registered_at=timezone.now())  # fmt: skip
            expected.append(customer())
        assert run(recorder) == 4
        assert recorder.streams == expected

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


def test_the_commands_of_a_reaction_may_be_distinguished_by_its_event(db, deploy):
    """Show how a reaction sends a command at most once: the event's id is the key."""
    lamp = product(1)

    def count(event):
        key = str(event.event_id)
        bus.send(SetStock, {"product_id": lamp, "on_hand": 7}, idempotency_key=key)

    recorder = deploy(Recorder(then=count))
    customer()
    run(recorder)
    [event] = recorder.seen
    assert attempts.attempt(recorder, event) is None
    assert EventRecord.objects.filter(stream_id=lamp).count() == 2
