"""Reactions run once per event, also when a worker crashes, hangs or comes second."""

from threading import Event as Flag

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from cqrs import tasks
from cqrs.event_log import sequencer
from cqrs.models import ReactionCheckpoint, ReactionFailure
from cqrs.reactions import reactions
from customers.models import CustomerProfile
from tests.support.faults import fail, refused_updates, terminate
from tests.support.reacting import Recorder, make_due, position, run
from tests.support.scenarios import customer
from tests.support.threads import together

pytestmark = pytest.mark.postgresql_version


@pytest.mark.django_db(transaction=True)
class TestCrash:
    def test_between_effect_and_checkpoint_leaves_neither(self, deploy):
        write = Recorder(then=lambda e: CustomerProfile.objects.create(customer_id=e.stream_id))
        recorder = deploy(write)
        customer()

        with refused_updates(ReactionCheckpoint), pytest.raises(DatabaseError, match="refused"):
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
