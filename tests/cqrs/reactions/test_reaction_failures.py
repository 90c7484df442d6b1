"""A reaction that fails is tried again and parked in the end; nothing waits for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cqrs.messaging.context import system_context, use_context
from cqrs.models import EventRecord, ReactionFailure
from cqrs.reactions import attempts, reactions
from customers.models import CustomerProfile
from orders.commands import SetStock
from orders.events import StockSet
from tests.support.faults import Broken, fail
from tests.support.reacting import Recorder, make_due, position, run
from tests.support.scenarios import accepted, customer, product


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
        assert failure.attempts == len(recorder.seen) == attempts.ATTEMPTS
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
        hops = [event.metadata["hops"] for event in EventRecord.objects.order_by("id")]
        assert hops == list(range(attempts.MAX_HOPS + 1))
        failure = ReactionFailure.objects.get()
        assert (failure.attempts, failure.retry_at) == (1, None)
        assert failure.error.startswith("TooManyHops: ")
        assert len(loop.seen) == attempts.MAX_HOPS
        causes = [event.metadata["causation_id"] for event in EventRecord.objects.order_by("id")]
        ids = [str(event.event_id) for event in EventRecord.objects.order_by("id")]
        assert causes == [None, *ids[:-1]]

    def test_others_go_on_beyond_a_parked_chain(self, deploy):
        recorder = deploy(Recorder())
        with use_context(system_context(hops=attempts.MAX_HOPS)):
            customer()
        fine = customer()
        assert run(recorder) == 2
        assert recorder.streams == [fine]
