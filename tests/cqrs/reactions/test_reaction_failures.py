"""A row that fails is tried again and parked in the end; nothing waits for it."""

from datetime import timedelta
from urllib.error import URLError

import pytest
from django.utils import timezone

from cqrs.messaging.context import system_context, use_context
from cqrs.models import EventRecord, ReactionWork
from cqrs.reactions import executor, work
from cqrs.reactions.reacting import MAX_HOPS
from cqrs.reactions.reaction import Effect
from customers.models import CustomerProfile
from orders.commands import SetStock
from orders.events import StockSet
from tests.support.faults import Broken, fail
from tests.support.reacting import Recorder, failures, handed_over, make_due, position, run
from tests.support.scenarios import accepted, customer, product

KINDS = pytest.mark.parametrize("effect", list(Effect))


@pytest.mark.django_db
class TestFailure:
    @KINDS
    def test_steps_aside_and_is_tried_again_when_it_is_due(self, deploy, effect):
        recorder = deploy(Recorder(effect=effect, then=fail))
        bad = customer()
        assert run(recorder) == 1
        recorder.then = lambda _: None
        good = customer()
        assert run(recorder) == 1
        assert recorder.streams == [bad, good]
        row = ReactionWork.objects.get()
        assert (row.attempts, row.error) == (1, "Broken: no")
        assert row.event_id == recorder.seen[0].event_id
        make_due()
        assert run(recorder) == 1
        assert recorder.streams == [bad, good, bad]
        assert recorder.seen[2] == recorder.seen[0]
        assert not ReactionWork.objects.exists()

    @KINDS
    def test_waits_longer_each_time_and_is_parked_in_the_end(self, deploy, effect):
        recorder = deploy(Recorder(effect=effect, then=fail))
        customer()
        delays = []
        run(recorder)
        while (row := ReactionWork.objects.get()).due_at is not None:
            delays.append(round((row.due_at - timezone.now()).total_seconds()))
            make_due()
            run(recorder)
        assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600]
        assert row.attempts == len(recorder.seen) == work.ATTEMPTS
        assert executor.waiting() == []
        assert run(recorder) == 0

    def test_of_a_transactional_effect_takes_back_what_it_wrote(self, deploy):
        def half(event):
            CustomerProfile.objects.create(customer_id=event.stream_id)
            CustomerProfile.objects.create(customer_id=event.stream_id)  # the same key again

        recorder = deploy(Recorder(effect=Effect.TRANSACTIONAL, then=half))
        customer()
        assert run(recorder) == 1
        assert not CustomerProfile.objects.exists()
        assert position() == 1
        [error] = failures()
        assert error.startswith("IntegrityError: ")

    def test_is_stored_whatever_it_says(self, deploy):
        def rude(_):
            raise Broken("\0" * 3 + "x" * 5000)

        recorder = deploy(Recorder(then=rude))
        customer()
        run(recorder)
        [error] = failures()
        assert error == "Broken: " + "x" * 992

    def test_is_stored_without_secrets_and_addresses(self, deploy):
        def leak(_):
            raise URLError("http://bot:hunter2@hook.example/x refused ada@example.com")

        recorder = deploy(Recorder(then=leak))
        customer()
        run(recorder)
        assert failures() == ["URLError: <urlopen error http://***@hook.example/x refused ***@***>"]

    def test_many_that_are_due_do_not_keep_new_events_waiting(self, deploy):
        recorder = deploy(Recorder(then=fail))
        old = [customer() for _ in range(3)]
        run(recorder)
        ReactionWork.objects.update(due_at=timezone.now() - timedelta(hours=1))
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
        ReactionWork.objects.filter(position=2).update(due_at=longest)
        recorder.seen.clear()
        run(recorder)
        assert recorder.streams == [second, first]


@pytest.mark.django_db
class TestInterruption:
    """A process that ends in a call leaves the lease: the attempts count, and no error."""

    def interrupt(self, attempts: int = 1, error: str = "") -> None:
        ReactionWork.objects.update(attempts=attempts, error=error, due_at=timezone.now())

    def test_is_tried_again(self, deploy):
        recorder = deploy(Recorder())
        customer()
        handed_over()
        self.interrupt()
        assert executor.run(recorder) == 1
        assert not ReactionWork.objects.exists()

    def test_of_every_attempt_parks_the_row_and_says_so(self, deploy):
        recorder = deploy(Recorder())
        customer()
        handed_over()
        self.interrupt(attempts=work.ATTEMPTS)
        assert executor.run(recorder) == 0
        row = ReactionWork.objects.get()
        assert (row.due_at, row.attempts, row.error) == (None, work.ATTEMPTS, work.INTERRUPTED)
        assert executor.waiting() == recorder.seen == []

    def test_of_the_last_attempt_leaves_the_error_of_the_one_before(self, deploy):
        recorder = deploy(Recorder())
        customer()
        handed_over()
        self.interrupt(attempts=work.ATTEMPTS, error="Broken: no")
        assert executor.run(recorder) == 0
        row = ReactionWork.objects.get()
        assert (row.due_at, row.error) == (None, "Broken: no")

    def test_leaves_the_row_alone_until_deadline_and_delay_are_over(self, deploy):
        def look(_):
            due_at = ReactionWork.objects.get().due_at
            waits.append(round((due_at - timezone.now()).total_seconds()))
            fail()

        waits: list[int] = []
        recorder = deploy(Recorder(deadline_s=30, then=look))
        customer()
        run(recorder)
        make_due()
        run(recorder)
        assert waits == [31, 32]


@pytest.mark.django_db
class TestLostLease:
    """Another process has taken the row meanwhile, because the deadline is over."""

    def test_deletes_nothing_and_records_nothing(self, deploy):
        def overtaken(_):
            ReactionWork.objects.update(attempts=2)
            if outcome:
                outcome.pop()()

        outcome = [fail]
        recorder = deploy(Recorder(then=overtaken))
        customer()
        run(recorder)
        row = ReactionWork.objects.get()
        assert (row.attempts, row.error) == (2, "")
        ReactionWork.objects.update(attempts=0, due_at=timezone.now())
        run(recorder)
        assert ReactionWork.objects.get().attempts == 2


@pytest.mark.django_db
class TestHops:
    @KINDS
    def test_a_loop_of_reactions_ends_parked(self, deploy, effect):
        def count_again(event):
            accepted(SetStock, product_id=event.stream_id, on_hand=1)

        loop = deploy(Recorder("loop", StockSet.wire_name, effect, then=count_again))
        product(1)
        rounds = 0
        while run(loop):
            rounds += 1
            assert rounds < 50
        hops = [event.metadata["hops"] for event in EventRecord.objects.order_by("id")]
        assert hops == list(range(MAX_HOPS + 1))
        row = ReactionWork.objects.get()
        assert (row.attempts, row.due_at) == (1, None)
        assert row.error.startswith("TooManyHops: ")
        assert len(loop.seen) == MAX_HOPS
        causes = [event.metadata["causation_id"] for event in EventRecord.objects.order_by("id")]
        ids = [str(event.event_id) for event in EventRecord.objects.order_by("id")]
        assert causes == [None, *ids[:-1]]

    def test_others_go_on_beyond_a_parked_chain(self, deploy):
        recorder = deploy(Recorder())
        with use_context(system_context(hops=MAX_HOPS)):
            customer()
        fine = customer()
        assert run(recorder) == 2
        assert recorder.streams == [fine]
