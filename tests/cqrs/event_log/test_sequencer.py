"""The sequencer: it puts the log in order, and no consumer loses an event."""

import random
from contextvars import copy_context
from threading import Event as Flag
from threading import Thread

import pytest
from django.db import connection, connections, transaction

from cqrs.database.locks import LockSpace, lock
from cqrs.event_log import feed
from cqrs.event_log.events import publish
from cqrs.event_log.sequencer import head, oldest_pending_age_s, sequence
from cqrs.messaging.ids import uuid7
from cqrs.models import EventRecord, Feed, Pending
from tests.support.streams import change
from tests.support.threads import together

pytestmark = [
    pytest.mark.bypasses_events,  # the streams here are made up
    pytest.mark.postgresql_version,
]


def positions():
    return list(Feed.objects.order_by("position").values_list("position", "event_id"))


def event_ids():
    return list(EventRecord.objects.order_by("id").values_list("id", flat=True))


@pytest.mark.django_db
class TestSequence:
    def test_gives_contiguous_positions_in_id_order(self):
        publish(*[change() for _ in range(7)])
        assert sequence() == 7
        assert positions() == list(enumerate(event_ids(), start=1))
        assert Pending.objects.count() == 0
        assert head() == 7

    def test_goes_on_where_it_was_also_when_the_feed_was_trimmed(self):
        publish(change(), change())
        sequence()
        Feed.objects.all().delete()
        publish(change())
        assert sequence() == 1
        assert positions() == [(3, event_ids()[-1])]

    def test_moves_everything_whatever_the_batch(self):
        publish(*[change() for _ in range(7)])
        assert sequence(batch=2) == 7
        assert positions() == list(enumerate(event_ids(), start=1))

    def test_does_nothing_when_nothing_is_pending(self):
        assert sequence() == 0
        assert head() == 0

    def test_says_how_long_the_oldest_event_has_been_waiting(self):
        assert oldest_pending_age_s() == 0
        publish(change())
        assert 0 <= oldest_pending_age_s() < 10
        sequence()
        assert oldest_pending_age_s() == 0

    def test_feeds_what_was_published(self):
        changes = [change() for _ in range(3)]
        publish(*changes)
        sequence()
        events, upto = feed.read(1, 100)
        assert upto == 3
        assert [(event.position, event.stream_id) for event in events] == [
            (2, changes[1][0].id),
            (3, changes[2][0].id),
        ]
        assert events[0].data == changes[1][1].model_dump(mode="json")


@pytest.mark.django_db(transaction=True)
class TestSequenceAtOnce:
    def test_does_not_lose_a_commit_that_comes_after_that_of_a_higher_id(self):
        begun, finish = Flag(), Flag()

        def write_slowly():
            with transaction.atomic():
                publish(change())
                begun.set()
                finish.wait(10)
            connections.close_all()

        slow = Thread(target=copy_context().run, args=[write_slowly])
        slow.start()
        assert begun.wait(10)
        with transaction.atomic():
            publish(change())
        assert sequence() == 1
        finish.set()
        slow.join(10)
        assert sequence() == 1
        low, high = event_ids()
        assert positions() == [(1, high), (2, low)]

    def test_leaves_the_work_to_the_holder_of_the_lock(self):
        with transaction.atomic():
            publish(change())
        with transaction.atomic():
            lock(LockSpace.SEQUENCER)
            assert together(sequence) == [0]
        assert sequence() == 1

    def test_loses_and_doubles_nothing_with_many_sequencers_and_writers(self):
        streams, written, over = [uuid7() for _ in range(3)], Flag(), []

        def write(seed):
            rng = random.Random(seed)
            for _ in range(40):
                _append(rng.choice(streams), rolls_back=rng.random() < 0.2, extra=rng.randint(0, 3))
            over.append(seed)
            if len(over) == 6:
                written.set()

        def sequence_on():
            moved = 0
            while not written.is_set():
                moved += sequence(batch=7)
            return moved + sequence()

        moved = together(*[lambda seed=seed: write(seed) for seed in range(6)], *[sequence_on] * 4)[
            6:
        ]
        moved.append(sequence())
        fed = [event_id for _, event_id in positions()]
        assert [position for position, _ in positions()] == list(range(1, len(fed) + 1))
        assert sorted(fed) == event_ids()
        assert sum(moved) == len(fed) == head()
        assert Pending.objects.count() == 0
        _assert_versions_in_order(streams)


def _append(stream_id, rolls_back, extra):
    """Append the stream's next event beside some of other streams, as a command would."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [str(stream_id)])
        version = EventRecord.objects.filter(stream_id=stream_id).count() + 1
        publish(*[change() for _ in range(extra)], change(stream_id, version))
        transaction.set_rollback(rolls_back)


def _assert_versions_in_order(streams):
    events, _ = feed.read(0, 100_000)
    for stream_id in streams:
        versions = [event.version for event in events if event.stream_id == stream_id]
        assert versions == list(range(1, len(versions) + 1))
        assert versions
