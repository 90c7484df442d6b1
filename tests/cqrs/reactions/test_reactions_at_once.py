"""Reactions run once per event, also when a worker loses its connection, hangs or comes second."""

from threading import Event as Flag

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cqrs import tasks
from cqrs.models import ReactionWork
from cqrs.reactions import executor
from cqrs.reactions.reaction import Effect
from customers.models import CustomerProfile
from tests.support.faults import fail, refused_updates, terminate
from tests.support.reacting import Recorder, failures, handed_over, make_due, run
from tests.support.scenarios import customer
from tests.support.threads import together

pytestmark = pytest.mark.postgresql_version


def writing(event):
    CustomerProfile.objects.create(customer_id=event.stream_id)


@pytest.mark.django_db(transaction=True)
class TestLostConnection:
    def test_of_a_transactional_effect_leaves_nothing_of_it_and_counts(self, deploy):
        kills = [terminate]

        def write(event):
            writing(event)
            if kills:
                kills.pop()()

        recorder = deploy(Recorder(effect=Effect.TRANSACTIONAL, then=write))
        customer()
        handed_over()
        with pytest.raises(Exception, match="connection"):  # the lock ended with its session
            executor.run(recorder)
        assert CustomerProfile.objects.count() == 0
        assert ReactionWork.objects.get().attempts == 1
        make_due()
        assert run(recorder) == 1
        assert CustomerProfile.objects.count() == 1
        assert failures() == []

    def test_during_an_external_call_does_not_repeat_it(self, deploy):
        recorder = deploy(Recorder(then=lambda _: terminate()))
        customer()
        handed_over()
        with pytest.raises(Exception, match="connection"):  # the lock ended with its session
            executor.run(recorder)
        assert len(recorder.seen) == 1
        assert not ReactionWork.objects.exists()

    def test_of_the_database_of_its_state_stops_the_executor(self, deploy):
        recorder = deploy(Recorder())
        customer()
        handed_over()
        with refused_updates(ReactionWork), pytest.raises(Exception, match="refused"):
            executor.run(recorder)
        assert recorder.seen == []
        assert executor.run(recorder) == 1


@pytest.mark.django_db(transaction=True)
class TestSeveralWorkers:
    @pytest.mark.parametrize("effect", list(Effect))
    def test_react_to_each_event_once(self, deploy, effect):
        recorder = deploy(Recorder(effect=effect, then=writing))
        expected = [customer() for _ in range(40)]
        handed_over()
        # Each may find another one at it and leave; that one looks again.
        assert sum(together(*[lambda: executor.run(recorder)] * 4)) == 40
        assert recorder.streams == expected
        assert CustomerProfile.objects.count() == 40
        assert not ReactionWork.objects.exists()

    def test_leave_a_hanging_reaction_alone_and_run_the_others(self, deploy):
        hanging, go_on = Flag(), Flag()

        def hang(_):
            hanging.set()
            assert go_on.wait(10)

        slow, quick = Recorder("slow", then=hang), Recorder("quick")
        deploy(slow, quick)
        customer()
        handed_over()

        def look():
            assert hanging.wait(10)
            second = customer()
            handed_over()
            found = executor.waiting()
            attempts = executor.run(slow), executor.run(quick)
            go_on.set()
            return found, attempts, second

        total, (found, attempts, second) = together(lambda: executor.run(slow), look)
        assert (found, attempts) == ([quick], (0, 2))
        assert quick.streams[-1] == second
        assert total == 2, "the one at it takes what came meanwhile"

    def test_do_not_hold_a_row_that_hangs_when_the_lock_is_lost(self, deploy):
        """The lease protects alone: the other process reacts to the next event only."""
        hanging, go_on = Flag(), Flag()

        def hang(_):
            hanging.set()
            assert go_on.wait(10)

        recorder = deploy(Recorder(then=hang))
        first, second = customer(), customer()
        handed_over()

        def take_over():
            assert hanging.wait(10)
            recorder.then = lambda _: None
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
                               " WHERE locktype = 'advisory'")  # fmt: skip
            count = executor.run(recorder)
            go_on.set()
            return count

        def hold():
            with pytest.raises(Exception, match="connection"):
                executor.run(recorder)

        assert together(hold, take_over)[1] == 1
        assert recorder.streams == [first, second]
        assert not ReactionWork.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestSweep:
    def test_costs_one_statement_when_idle_and_queues_nothing(self, deploy, monkeypatch):
        deploy(Recorder("one"), Recorder("two"))
        customer()
        queued = []
        monkeypatch.setattr(tasks.run_reaction, "apply_async", lambda **call: queued.append(call))
        handed_over()
        tasks.react()
        assert queued == [{"kwargs": {"name": name}, "expires": 1.0} for name in ("one", "two")]
        for call in queued.copy():
            tasks.run_reaction(**call["kwargs"], unknown="argument")
        queued.clear()
        with CaptureQueriesContext(connection) as queries:
            tasks.react(unknown="argument")
        sent = [query["sql"] for query in queries if query["sql"] not in ("BEGIN", "COMMIT")]
        assert (len(sent), queued) == (1, [])

    def test_finds_a_failure_when_it_is_due(self, deploy):
        recorder = deploy(Recorder(then=fail))
        customer()
        run(recorder)
        assert executor.waiting() == []
        make_due()
        assert executor.waiting() == [recorder]
