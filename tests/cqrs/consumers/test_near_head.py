"""Near the head one transaction advances all consumers, whatever the number of events is."""

import time
from dataclasses import replace
from typing import Any

import pytest
import redis
from django.db import connection, connections, transaction
from structlog.testing import capture_logs

from cqrs.conf import conf
from cqrs.consumers import near_head
from cqrs.event_log import feed, sequencer
from cqrs.operations.worker import project
from cqrs.projections.lag import read_lag
from cqrs.projections.models import ProjectionCheckpoint
from cqrs.projections.registry import runner
from readmodels.models import CustomerReadModel, OrderReadModel
from readmodels.projections import PROJECTIONS
from tests.support.built import elsewhere
from tests.support.log import Log
from tests.support.protocol import traffic
from tests.support.spying import consumers_of
from tests.support.statements import statements, writes
from tests.support.waiting import BOTH

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=BOTH),
    pytest.mark.usefixtures("no_reactions"),
    pytest.mark.postgresql_version,
]
ORDERS, CUSTOMERS, *_ = PROJECTIONS


@pytest.fixture
def level() -> Log:
    """Return a log whose consumers have started and are at its head."""
    log = Log()
    log.stock()
    log.published()
    project(PROJECTIONS)
    return log


def lives(log: Log, count: int) -> None:
    for _ in range(count):
        product = log.stock(on_hand=9)
        log.reserve(product)
        log.ship(log.order(log.customer()))
    log.published()


def positions() -> set[int]:
    return {each for projection in PROJECTIONS for each in runner.positions(projection)}


class TestOneTransaction:
    def test_needs_no_more_statements_for_more_events(self, level: Log) -> None:
        counts, traffics = [], []
        for events in (1, 90):
            lives(level, events)
            with statements() as seen, traffic("default", "replica") as sent:
                project(PROJECTIONS)
            counts.append(len(seen))
            traffics.append(sent)
        assert counts[0] == counts[1]
        assert [each.commits for each in traffics] == [2, 2]
        # The driver adds one when it drops prepared statements of before.
        assert max(each.round_trips for each in traffics) <= 6
        assert positions() == {1 + 5 * 91}

    def test_saves_checkpoints_and_freshness_in_one_update(self, level: Log) -> None:
        lives(level, 1)
        ProjectionCheckpoint.objects.update(caught_up_at=None)
        with statements() as seen:
            project(PROJECTIONS)
        updates = [each for each in writes(seen) if "cqrs_projections_checkpoint" in each]
        assert len(updates) == 1
        assert "caught_up_at" in updates[0]
        assert not ProjectionCheckpoint.objects.filter(caught_up_at=None).exists()

    def test_sends_one_notification_without_redis(self, level: Log, settings: Any) -> None:
        settings.CQRS = {**settings.CQRS, "REDIS_URL": ""}
        lives(level, 3)
        with statements() as seen:
            project(PROJECTIONS)
        assert len([each for each in seen if "pg_notify" in each]) == 1

    def test_publishes_one_message_with_redis(self, level: Log) -> None:
        assert conf().REDIS_URL
        client = redis.Redis.from_url(conf().REDIS_URL)
        with client.pubsub(ignore_subscribe_messages=True) as subscription:
            subscription.subscribe(conf().CHANNEL)
            assert subscription.get_message(timeout=5) is None  # the confirmation
            lives(level, 3)
            with statements() as seen:
                project(PROJECTIONS)
            message = subscription.get_message(timeout=5)
            assert subscription.get_message(timeout=0) is None
        assert message is not None
        names = {line.split()[0] for line in message["data"].decode().splitlines()}
        assert names == {each.name for each in PROJECTIONS}
        assert not any("pg_notify" in each for each in seen)

    def test_does_not_commit_what_it_could_not_write(self, level: Log) -> None:
        lives(level, 1)
        sequencer.sequence()
        with connections["replica"].cursor() as cursor:
            cursor.execute(
                "ALTER TABLE read_sales_days ADD CONSTRAINT none CHECK (order_count < 0)"
            )
        try:
            near = near_head.NearHeadRound(
                runner.partitions,
                runner.parking,
                {(each.name, each.version): each for each in PROJECTIONS},
                sequencer.look(),
                0,
            )
            with pytest.raises(Exception, match="violates check constraint"):
                near.run(near.claim)
            assert positions() == {1}
            assert OrderReadModel.objects.count() == 0
        finally:
            with connections["replica"].cursor() as cursor:
                cursor.execute("ALTER TABLE read_sales_days DROP CONSTRAINT none")


class TestDistance:
    @pytest.mark.parametrize(("behind", "alone"), [(500, False), (501, True)])
    def test_up_to_500_positions_one_transaction_advances_all(
        self, level: Log, monkeypatch: Any, behind: int, alone: bool
    ) -> None:
        for _ in range(behind):
            level.customer()
        level.sequenced()
        seen = consumers_of(monkeypatch, runner, "advance_batch")
        project(PROJECTIONS)
        each_partition = [name for each in PROJECTIONS for name in [each.name] * each.partitions]
        assert sorted(seen) == (sorted(each_partition) if alone else [])
        assert positions() == {behind + 1}
        assert CustomerReadModel.objects.count() == behind

    def test_what_is_far_behind_goes_alone_and_the_others_together(
        self, level: Log, monkeypatch: Any
    ) -> None:
        for _ in range(600):
            level.customer()
        level.sequenced()
        runner.drain(*[each for each in PROJECTIONS if each is not CUSTOMERS])
        lives(level, 1)
        seen = consumers_of(monkeypatch, runner, "advance_batch")
        project(PROJECTIONS)
        assert seen == ["customers"] * 4
        assert positions() == {606}


class TestPartitionOfAnotherWorker:
    def test_is_passed_over_and_the_others_go_on(self, level: Log) -> None:
        lives(level, 1)
        with transaction.atomic(using="replica"):
            held = runner.partitions.lock(["orders"])
            elsewhere(lambda: project(PROJECTIONS))
        assert len(held) == 4
        assert set(runner.positions(ORDERS)) == {1}
        others = [each for each in PROJECTIONS if each is not ORDERS]
        assert {at for each in others for at in runner.positions(each)} == {6}
        project(PROJECTIONS)
        assert positions() == {6}

    def test_of_all_consumers_costs_no_look_at_the_log(
        self, level: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without a partition of its own a round has nowhere to begin: not at 0 either."""
        lives(level, 1)
        sequencer.sequence()  # what this worker sees has no events: it would read them
        monkeypatch.setattr(feed, "window", None)
        with transaction.atomic(using="replica"):
            assert runner.partitions.lock([each.name for each in PROJECTIONS])
            with capture_logs() as logs:
                assert elsewhere(lambda: runner.drain(*PROJECTIONS, look=sequencer.look)) == 0
        # Listeners of earlier tests are threads that go on, and write lines, too.
        assert [log for log in logs if log["event"] != "listener_disconnected"] == []


class TestWorkerWithAnOldLook:
    def test_moves_no_partition_back(self, level: Log) -> None:
        """Another worker has brought it past the head that this one has seen."""
        old = sequencer.look()
        lives(level, 1)
        project(PROJECTIONS)
        assert runner.drain(*PROJECTIONS, look=lambda: old) == 0
        assert positions() == {6}


class TestReadLag:
    @staticmethod
    def lag_ms() -> int:
        read_lag.forget()
        found = read_lag.ms("orders")
        assert found is not None
        return found

    @staticmethod
    def age(seconds: int) -> None:
        with connections["replica"].cursor() as cursor:
            cursor.execute(
                "UPDATE cqrs_projections_checkpoint SET caught_up_at = now() - %s * interval '1 s'",
                [seconds],
            )

    def test_is_short_after_each_sweep_of_an_idle_log(self, level: Log) -> None:
        self.age(60)
        assert self.lag_ms() >= 60_000
        project(PROJECTIONS)
        assert self.lag_ms() < 60_000

    def test_counts_from_the_look_at_the_log(self, level: Log) -> None:
        lives(level, 1)
        seen = sequencer.step()
        started = time.monotonic()
        look = replace(seen, read_at=seen.read_at - 30, is_sequencer=False, moved=0, events=())
        runner.drain(*PROJECTIONS, look=lambda: look)
        assert 30_000 <= self.lag_ms() < 31_000 + (time.monotonic() - started) * 1000

    def test_grows_while_the_projection_is_behind(self, level: Log) -> None:
        lives(level, 1)
        sequencer.sequence()
        self.age(60)
        runner.drain(*[each for each in PROJECTIONS if each is not ORDERS])
        assert self.lag_ms() >= 60_000

    def test_grows_while_an_event_has_no_position(self, level: Log) -> None:
        lives(level, 1)
        self.age(60)
        runner.drain(*PROJECTIONS)
        assert self.lag_ms() >= 60_000
        project(PROJECTIONS)
        assert self.lag_ms() < 60_000


class TestWakeUp:
    def test_is_not_lost_when_an_event_comes_before_the_lock_is_free(self, level: Log) -> None:
        """The other worker commits while this one is at work, cannot claim, and returns."""
        other: list[set[int]] = []

        def act() -> None:
            level.customer()
            level.published()
            project(PROJECTIONS)
            connections.close_all()

        def interrupt(execute: Any, sql: str, *rest: Any) -> Any:
            result = execute(sql, *rest)
            if "FOR UPDATE SKIP LOCKED" in sql and not other:
                other.append(set())
                # The claim is on its way when its result is there.
                connections["replica"].connection.pgconn.send_flush_request()
                elsewhere(act)
                other.append(elsewhere(positions))
            return result

        lives(level, 1)
        with connections["replica"].execute_wrapper(interrupt):
            project(PROJECTIONS)
        assert len(other) == 2
        assert positions() == {7}

    def test_leaves_nothing_pending(self, level: Log) -> None:
        for _ in range(3):
            lives(level, 1)
        project(PROJECTIONS)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM cqrs_pending")
            assert cursor.fetchone() == (0,)
