"""Reactions run once per event, in order, whatever fails; and nothing waits for what fails."""

from datetime import timedelta
from threading import Event as Flag

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cqrs import bus, reaction_attempts, reactions, sequencer, tasks
from cqrs.context import current_context, system_context, use_context
from cqrs.ids import uuid7
from cqrs.models import Event, FeedHead, ReactionCheckpoint, ReactionFailure
from customers.commands import ImportCustomer
from customers.models import CustomerProfile
from orders.commands import SetStock
from orders.events import StockSet
from tests.cqrs.faults import terminate
from tests.cqrs.test_idempotency import Broken
from tests.reacting import Recorder, make_due, run
from tests.scenarios import accepted, customer, product
from tests.threads import together


def fail(_):
    raise Broken("no")


@pytest.fixture
def deploy(monkeypatch):
    """Deploy these reactions instead of the product's own."""

    def deployed(*others):
        monkeypatch.setattr(reactions, "reactions", lambda: others)
        reactions.start_at_head()
        return others[0]

    return deployed


def position(name="recorder"):
    return ReactionCheckpoint.objects.get(consumer=name).position


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

    def test_nobody_needs_to_migrate_for_a_new_one(self, deploy, monkeypatch):
        recorder = Recorder()
        monkeypatch.setattr(reactions, "reactions", lambda: [recorder])
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

    def test_acts_on_behalf_of_whoever_caused_the_event(self, deploy):
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


@pytest.mark.django_db
class TestFailure:
    def test_steps_aside_and_is_tried_again_when_it_is_due(self, deploy):
        recorder = deploy(Recorder(then=fail))
        bad = customer()
        assert run(recorder) == 1
        recorder.then = lambda _: None
        good = customer()
        assert run(recorder) == 1
        assert recorder.streams == [bad, good]
        failure = ReactionFailure.objects.get()
        assert (failure.attempts, failure.error) == (1, "Broken: no")
        assert failure.event_id == recorder.seen[0].event_id
        make_due()
        assert run(recorder) == 1
        assert recorder.streams == [bad, good, bad]
        assert recorder.seen[2] == recorder.seen[0]
        assert not ReactionFailure.objects.exists()

    def test_waits_longer_each_time_and_is_parked_in_the_end(self, deploy):
        recorder = deploy(Recorder(then=fail))
        customer()
        delays = []
        run(recorder)
        while (failure := ReactionFailure.objects.get()).retry_at is not None:
            delays.append(round((failure.retry_at - timezone.now()).total_seconds()))
            make_due()
            run(recorder)
        assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600]
        assert failure.attempts == len(recorder.seen) == reaction_attempts.ATTEMPTS
        assert reactions.waiting() == []
        assert run(recorder) == 0

    def test_takes_back_what_it_wrote_and_not_the_checkpoint(self, deploy):
        def half(event):
            CustomerProfile.objects.create(customer_id=event.stream_id)
            CustomerProfile.objects.create(customer_id=event.stream_id)  # the same key again

        recorder = deploy(Recorder(then=half))
        customer()
        assert run(recorder) == 1
        assert not CustomerProfile.objects.exists()
        assert position() == 1
        assert ReactionFailure.objects.get().error.startswith("IntegrityError: ")

    def test_is_noted_whatever_it_says(self, deploy):
        def rude(_):
            raise Broken("\0" * 3 + "x" * 5000)

        recorder = deploy(Recorder(then=rude))
        customer()
        run(recorder)
        assert len(ReactionFailure.objects.get().error) <= 1000

    def test_many_that_are_due_do_not_keep_new_events_waiting(self, deploy):
        recorder = deploy(Recorder(then=fail))
        old = [customer() for _ in range(3)]
        run(recorder)
        ReactionFailure.objects.update(retry_at=timezone.now() - timedelta(hours=1))
        recorder.seen.clear()
        new = [customer() for _ in range(2)]
        run(recorder)
        assert recorder.streams == [new[0], old[0], new[1], old[1], old[2]]

    def test_the_one_that_waits_longest_comes_first(self, deploy):
        recorder = deploy(Recorder(then=fail))
        first, second = customer(), customer()
        run(recorder)
        make_due()
        longest = timezone.now() - timedelta(hours=1)
        ReactionFailure.objects.filter(position=2).update(retry_at=longest)
        recorder.seen.clear()
        run(recorder)
        assert recorder.streams == [second, first]


@pytest.mark.django_db
class TestHops:
    def test_a_loop_of_reactions_ends_parked(self, deploy):
        def count_again(event):
            accepted(SetStock, product_id=event.stream_id, on_hand=1)

        loop = deploy(Recorder("loop", StockSet.wire_name, then=count_again))
        product(1)
        rounds = 0
        while run(loop):
            rounds += 1
            assert rounds < 50
        hops = [event.metadata["hops"] for event in Event.objects.order_by("id")]
        assert hops == list(range(reaction_attempts.MAX_HOPS + 1))
        failure = ReactionFailure.objects.get()
        assert (failure.attempts, failure.retry_at) == (1, None)
        assert failure.error.startswith("TooManyHops: ")
        assert len(loop.seen) == reaction_attempts.MAX_HOPS
        causes = [event.metadata["causation_id"] for event in Event.objects.order_by("id")]
        ids = [str(event.event_id) for event in Event.objects.order_by("id")]
        assert causes == [None, *ids[:-1]]

    def test_others_go_on_beyond_a_parked_chain(self, deploy):
        recorder = deploy(Recorder())
        with use_context(system_context(hops=reaction_attempts.MAX_HOPS)):
            customer()
        fine = customer()
        assert run(recorder) == 2
        assert recorder.streams == [fine]


@pytest.mark.django_db(transaction=True)
class TestCrash:
    def test_between_effect_and_checkpoint_leaves_neither(self, deploy, monkeypatch):
        write = Recorder(then=lambda e: CustomerProfile.objects.create(customer_id=e.stream_id))
        recorder = deploy(write)
        customer()

        def crash(*_, **__):
            raise Broken

        with monkeypatch.context() as patch:
            patch.setattr(ReactionCheckpoint, "save", crash)
            with pytest.raises(Broken):
                run(recorder)
        assert (CustomerProfile.objects.count(), position()) == (0, 0)
        assert run(recorder) == 1
        assert (CustomerProfile.objects.count(), position()) == (1, 1)

    def test_of_the_connection_leaves_neither(self, deploy):
        kills = [terminate]

        def write(event):
            CustomerProfile.objects.create(customer_id=event.stream_id)
            if kills:
                kills.pop()()

        recorder = deploy(Recorder(then=write))
        customer()
        with pytest.raises(OperationalError):
            run(recorder)
        connection.close()
        assert (CustomerProfile.objects.count(), position()) == (0, 0)
        assert run(recorder) == 1
        assert not ReactionFailure.objects.exists()

    def test_two_workers_react_to_each_event_once(self, deploy):
        recorder = deploy(Recorder(then=lambda e: CustomerProfile.objects.create(
            customer_id=e.stream_id)))  # fmt: skip
        expected = [customer() for _ in range(40)]
        # Each may find another one at it and leave; what they so leave behind the next sweep does.
        assert sum(together(*[lambda: run(recorder)] * 4)) + run(recorder) == 40
        assert recorder.streams == expected
        assert CustomerProfile.objects.count() == 40
        assert not ReactionFailure.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestWaiting:
    def test_a_hanging_reaction_is_left_alone_and_the_others_run(self, deploy):
        hanging, go_on = Flag(), Flag()

        def hang(_):
            hanging.set()
            assert go_on.wait(10)

        slow, quick = Recorder("slow", then=hang), Recorder("quick")
        deploy(slow, quick)
        customer()
        sequencer.sequence()

        def look():
            assert hanging.wait(10)
            found = reactions.waiting()
            attempts = reactions.run(slow), reactions.run(quick)
            later = customer()
            assert run(quick) == 1
            go_on.set()
            return found, attempts, later

        _, (found, attempts, later) = together(lambda: reactions.run(slow), look)
        assert (found, attempts) == ([quick], (0, 1))
        assert quick.streams[-1] == later

    def test_an_idle_second_costs_two_small_queries_and_no_task(self, deploy, monkeypatch):
        deploy(Recorder("one"), Recorder("two"))
        customer()
        queued = []
        monkeypatch.setattr(tasks.run_reaction, "apply_async", lambda **call: queued.append(call))
        sequencer.sequence()
        tasks.react()
        assert queued == [{"kwargs": {"name": name}, "expires": 1.0} for name in ("one", "two")]
        for call in queued.copy():
            tasks.run_reaction(**call["kwargs"], unknown="argument")
        queued.clear()
        with CaptureQueriesContext(connection) as queries:
            tasks.react(unknown="argument")
        assert (len(queries), queued) == (2, [])

    def test_a_failure_wakes_its_reaction_when_it_is_due(self, deploy):
        recorder = deploy(Recorder(then=fail))
        customer()
        run(recorder)
        assert reactions.waiting() == []
        make_due()
        assert reactions.waiting() == [recorder]


def test_the_commands_of_a_reaction_may_be_told_apart_by_its_event(db, deploy):
    """Show how a reaction sends a command at most once: the event's id is the key."""
    lamp = product(1)

    def count(event):
        key = str(event.event_id)
        bus.send(SetStock, {"product_id": lamp, "on_hand": 7}, idempotency_key=key)

    recorder = deploy(Recorder(then=count))
    customer()
    run(recorder)
    [event] = recorder.seen
    assert reaction_attempts.attempt(recorder, event) is None
    assert Event.objects.filter(stream_id=lamp).count() == 2
