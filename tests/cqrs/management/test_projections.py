import io
import os
import signal
import threading
import time
from datetime import timedelta

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.utils import timezone

from cqrs.event_log import feed
from cqrs.models import EventRecord, Feed, Pending, ReactionWork
from cqrs.operations import status
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.registry import runner
from cqrs.rebuild.table_copies import Slot, TableCopy
from orders.events import OrderCreated
from readmodels.models import CustomerReadModel, OrderReadModel
from readmodels.projections import PROJECTIONS
from tests.support.desk import wait_for
from tests.support.log import Log
from tests.support.reacting import hand_over_now

BOTH = pytest.mark.django_db(databases=["default", "replica"])
REACTIONS = (
    "send_welcome_email", "create_default_profile", "start_marketing_campaign",
    "notify_shipment",
)  # fmt: skip
NAMES = ("orders", "customers", "stock", "sales", "product_sales", "order_history")
COMMITTED = pytest.mark.django_db(transaction=True, databases=["default", "replica"])


def projections(*arguments: str) -> str:
    output = io.StringIO()
    call_command("projections", *arguments, stdout=output)
    return output.getvalue()


def catch_up_and_disconnect() -> None:
    projections("run", "customers", "--until-caught-up")
    connections.close_all()


def age(seconds: float) -> None:
    EventRecord.objects.update(
        occurred_at=EventRecord.objects.first().occurred_at - timedelta(seconds=seconds)
    )


class TestStatus:
    @BOTH
    def test_names_every_consumer_for_machines(self, log: Log) -> None:
        log.order(log.customer())
        log.projected()
        hand_over_now()
        ReactionWork.objects.all().delete()  # as if all had reacted
        here = {"position": 2, "lag_events": 0, "lag_seconds": 0.0}
        level = {
            "head": 2, **here, "rate": None, "state": "level", "reason": None,
            "parked": 0, "parked_oldest_seconds": 0.0,
        }  # fmt: skip
        partitions = {"sales": 1, "product_sales": 1}
        assert orjson.loads(projections("status", "--json", "--max-lag", "0")) == {
            "projections": [
                {
                    "projection": name,
                    "consumer": name,
                    "kind": "projection",
                    "version": 2,
                    **level,
                    "partitions": [
                        {"partition": number, **here} for number in range(partitions.get(name, 4))
                    ],
                }
                for name in NAMES
            ],
            "reactions": [
                {
                    "reaction": name,
                    "consumer": name,
                    "kind": "reaction",
                    "version": 1,
                    **level,
                    "partitions": [{"partition": 0, **here}],
                }
                for name in REACTIONS
            ],
            "sequencer": {"oldest_pending_seconds": 0.0},
            "change_capture": {
                "name": "order_desk",
                "slot": None,
                "sources": [],
                "abandoned": False,
                "complaints": [],
            },
        }

    @BOTH
    def test_shows_a_table(self, log: Log) -> None:
        log.customer()
        log.projected()
        table = projections("status")
        for text in ("orders", "customers", "notify_shipment", "position", "level",
                     "sequencer: nothing is waiting"):  # fmt: skip
            assert text in table

    @BOTH
    def test_measures_what_is_behind(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        for _ in range(3):
            log.customer()
        log.sequenced()
        age(60)
        # Half of the measured time later, one of the two has moved on.
        monkeypatch.setattr(status, "SAMPLE_S", 0.01)
        monkeypatch.setattr(time, "sleep", lambda _: runner.drain(PROJECTIONS[0]))
        orders, customers, *_ = orjson.loads(projections("status", "--json"))["projections"]
        assert (orders["state"], orders["lag_events"], orders["lag_seconds"]) == ("level", 0, 0.0)
        assert orders["rate"] > 0
        assert (customers["state"], customers["lag_events"]) == ("behind", 3)
        assert customers["rate"] == 0
        assert 60 <= customers["lag_seconds"] < 120

    @BOTH
    def test_fails_beyond_the_lag_allowed(self, log: Log) -> None:
        log.customer()
        log.sequenced()
        age(60)
        assert projections("status", "--max-lag", "300")
        with pytest.raises(CommandError, match=r"orders lags 6\d\.\d s behind; customers lags"):
            projections("status", "--max-lag", "59")

    @BOTH
    def test_fails_when_no_sequencer_gives_positions(self, log: Log) -> None:
        log.customer()
        log.projected()
        Pending.objects.create(event_id=EventRecord.objects.get().pk, bucket=0)
        age(60)
        with pytest.raises(CommandError, match=r"the sequencer lags 6"):
            projections("status", "--max-lag", "59")


class TestRun:
    @COMMITTED
    def test_catches_up_and_ends(self) -> None:
        log = Log()
        order = log.order(log.customer())
        log.sequenced()
        log.confirm(order)
        log.published()  # without a position: the command gives it one
        projections("run", "--until-caught-up")
        assert OrderReadModel.objects.get().status == "confirmed"
        assert CustomerReadModel.objects.get().order_count == 1

    @BOTH
    def test_runs_only_what_is_named(self, log: Log) -> None:
        log.order(log.customer())
        log.sequenced()
        projections("run", "customers", "--until-caught-up")
        assert CustomerReadModel.objects.count() == 1
        assert OrderReadModel.objects.count() == 0

    @COMMITTED
    def test_tries_parked_events_of_an_old_copy_again(self) -> None:
        """Its rows are read after a rollback."""
        log = Log()
        log.order(log.customer())
        log.projected()
        copy = TableCopy(PROJECTIONS[0], Slot.RETIRED)
        copy.create(4)
        try:
            projections("run", "--until-caught-up")
            [event] = [each for each in feed.window(0, 2) if each.type == OrderCreated.wire_name]
            runner.parking.park(copy.name, event, KeyError("a bug"))
            ParkedEvent.objects.update(retry_at=timezone.now())
            projections("run", "--until-caught-up")
            assert ParkedEvent.objects.count() == 0
        finally:
            copy.drop()

    @BOTH
    def test_refuses_an_unknown_name(self) -> None:
        with pytest.raises(CommandError) as refusal:
            projections("run", "orders", "nothing")
        assert str(refusal.value) == (
            f"There is no projection nothing. There are: {', '.join(NAMES)}"
        )

    @COMMITTED
    def test_waits_for_a_partition_that_another_worker_holds(self) -> None:
        log = Log()
        log.customer()
        log.sequenced()
        runner.drain(PROJECTIONS[1])  # so that there is a row to hold
        log.customer()
        log.sequenced()
        rows = ProjectionCheckpoint.objects.filter(consumer="customers")
        partition = Feed.objects.get(position=2).bucket % 4
        with transaction.atomic(using="replica"):
            assert len(rows.select_for_update().filter(partition=partition)) == 1
            ended = threading.Thread(
                target=projections, args=("run", "customers", "--until-caught-up")
            )
            ended.start()
            others = rows.exclude(partition=partition)
            wait_for(lambda: others.filter(position=2).count() == 3, 30)
            assert ended.is_alive()
        ended.join(30)
        assert not ended.is_alive()
        assert CustomerReadModel.objects.count() == 2

    @COMMITTED
    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
    def test_follows_until_it_is_stopped(self, stop: signal.Signals) -> None:
        log = Log()
        log.customer()
        log.sequenced()

        def stop_when_projected() -> None:
            wait_for(CustomerReadModel.objects.exists, 30)
            connections.close_all()
            os.kill(os.getpid(), stop)

        stopper = threading.Thread(target=stop_when_projected)
        stopper.start()
        projections("run")
        stopper.join()
        assert CustomerReadModel.objects.count() == 1
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
