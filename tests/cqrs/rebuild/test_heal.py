"""Heal: after a restore the read side follows the log again, by one command."""

import copy
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError
from django.db import connection

from cqrs.messaging.ids import uuid7
from cqrs.models import FeedHead, ReactionWork
from cqrs.operations.worker import project
from cqrs.projections.models import LogEpoch, ParkedEvent, ProjectionCheckpoint
from cqrs.reactions import executor
from cqrs.rebuild import heal as module
from cqrs.rebuild.table_copies import Slot, TableCopy
from orders.commands import CreateOrder
from orders.models import Order
from readmodels.models import CustomerReadModel, OrderReadModel
from readmodels.projections import PROJECTIONS
from tests.support.backups import back_up
from tests.support.built import elsewhere, nothing_is_left, projections
from tests.support.log import Log
from tests.support.outside import by_sql, insert_event, rename
from tests.support.reacting import Recorder, configure, hand_over_now
from tests.support.scenarios import ADDRESS, accepted, customer, line

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__, "no_reactions"),
]
ORDERS = next(each for each in PROJECTIONS if each.name == "orders")


def names() -> set[str]:
    return {*CustomerReadModel.objects.values_list("name", flat=True)}


def epochs() -> tuple[int, int]:
    return FeedHead.objects.get().epoch, LogEpoch.objects.get().epoch


def failing(*arguments: str) -> str:
    """Run a command that must fail; return its complaint and what it printed."""
    output = io.StringIO()
    with pytest.raises(CommandError) as failure:
        projections(*arguments, output=output)
    return f"{failure.value} {output.getvalue()}"


@pytest.fixture
def restored(tmp_path: Path) -> Log:
    """Return a restored log that has gone on: an order is at version 2 again, by another event."""
    log = Log()
    order = log.order(log.customer("Before"))
    log.projected()
    backup, then = back_up("default", tmp_path), copy.deepcopy(log)
    log.confirm(order)
    log.customer("Lost")
    log.projected()
    projections("rebuild", "orders")
    backup.restore()
    then.versions[uuid7()] = 0  # the next customer gets another id than the lost one
    then.cancel(order)
    then.customer("After")
    then.published()
    return then


class TestHeal:
    def test_brings_every_read_model_back_to_the_log(self, restored: Log) -> None:
        project(PROJECTIONS)
        said = projections("heal")
        assert names() == {"Before", "After"}
        assert [each.status for each in OrderReadModel.objects.all()] == ["cancelled"]
        assert "The read side follows the log, in a new epoch" in said
        assert not TableCopy(ORDERS, Slot.RETIRED).exists()
        log_epoch, read_epoch = epochs()
        assert 0 < log_epoch == read_epoch < 2**48
        projections("status")
        # A `Log` has no write side, so the command fails for that reason alone.
        assert failing("verify").count("agrees with the event log") == len(PROJECTIONS)
        restored.customer("Later")
        restored.published()
        project(PROJECTIONS)
        assert names() == {"Before", "After", "Later"}

    def test_lists_what_is_lost_with_the_reactions(self, restored: Log, settings: Any) -> None:
        configure(settings, Recorder())
        restored.sequenced()
        healed = orjson.loads(projections("heal", "--json"))
        lost = {(each["stream_type"], each["shown"], each["logged"]) for each in healed["lost"]}
        assert lost == {("customer", 1, 0), ("order", 2, 1)}
        [of_customer] = [each for each in healed["lost"] if each["stream_type"] == "customer"]
        assert of_customer["reactions"] == ["recorder"]
        assert healed["epoch"] == FeedHead.objects.get().epoch
        assert sorted(healed["projections"]) == sorted(each.name for each in PROJECTIONS)
        assert healed["dropped"] == ["orders.retired"]
        assert healed["differences"] == []

    def test_changes_nothing_when_nothing_is_ahead(self) -> None:
        log = Log()
        log.customer("Before")
        log.projected()
        rows = list(ProjectionCheckpoint.objects.order_by("id").values())
        assert "Nothing to heal" in projections("heal")
        assert list(ProjectionCheckpoint.objects.order_by("id").values()) == rows
        assert epochs() == (0, 0)
        assert orjson.loads(projections("heal", "--json"))["epoch"] is None

    def test_ends_tokens_of_before_when_told_of_a_restore(self) -> None:
        log = Log()
        log.customer("Before")
        log.projected()
        projections("heal", "--restored")
        first = epochs()
        assert first[0] == first[1] != 0
        projections("heal", "--restored")
        assert epochs()[0] not in (0, first[0])
        assert names() == {"Before"}

    def test_goes_on_where_it_was_interrupted(self, restored: Log, monkeypatch: Any) -> None:
        restored.sequenced()
        begun = []

        def built(name: str, report: Any) -> None:
            if begun:
                raise module.Busy("interrupted")
            begun.append(name)
            build_anew(name, report)

        build_anew = module._build_anew
        with monkeypatch.context() as patch:
            patch.setattr(module, "_build_anew", built)
            assert "interrupted" in failing("heal")
        epoch = epochs()
        assert "ahead of the log" in failing("status")
        project(PROJECTIONS)
        projections("heal")
        assert epochs() == epoch
        assert names() == {"Before", "After"}
        projections("status")

    def test_drops_pointers_to_lost_events(self, restored: Log) -> None:
        key = str(restored._new_key())
        ParkedEvent.objects.create(
            consumer="customers", position=3, bucket=0, event_id=key, stream_type="customer",
            stream_id=key, version=1, type="customers.customer_registered", attempts=6,
            error="", parked_at="2026-01-01T00:00Z")  # fmt: skip
        restored.sequenced()
        assert f"lost: customer {key}: version 1 to 1" in projections("heal")
        assert not ParkedEvent.objects.exists()

    def test_is_refused_while_another_process_heals(self, restored: Log) -> None:
        restored.sequenced()
        with module._alone():
            said = elsewhere(lambda: failing("heal"))
        assert "Another process heals already" in said


class TestLogWithoutItsEvents:
    @pytest.mark.bypasses_events
    def test_is_named_and_healed_only_when_the_loss_is_accepted(self) -> None:
        order = accepted(
            CreateOrder, customer_id=customer(), items=[line()], shipping_address=ADDRESS
        )
        project(PROJECTIONS)
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE cqrs_event")
        before = list(ProjectionCheckpoint.objects.order_by("id").values())
        complaint = failing("heal")
        assert f"order {order.id}" in complaint
        assert list(ProjectionCheckpoint.objects.order_by("id").values()) == before
        assert epochs() == (0, 0)
        fresh = customer()
        projections("heal", "--accept-loss")
        assert [each.pk for each in CustomerReadModel.objects.all()] == [fresh]
        assert Order.objects.count() == 1
        projections("status")

    @pytest.mark.bypasses_events
    @pytest.mark.parametrize("is_log_ahead", [True, False])
    def test_is_not_claimed_of_what_another_program_wrote(self, is_log_ahead: bool) -> None:
        key = customer()
        if is_log_ahead:
            insert_event("customer", key, 2, "customers.customer_updated")
            by_sql("INSERT INTO cqrs_pending (event_id, bucket) SELECT max(id), 0 FROM cqrs_event")
        else:
            rename(key, "Grace")
        with pytest.raises(CommandError) as failure:
            projections("heal", "--restored")
        assert str(failure.value) == (
            f"`default` and its log do not agree on customer {key}. If the log has lost events,"
            " restore its tables, or go on without the events: --accept-loss. If another program"
            " wrote this: projections verify --adopt"
        )

    @pytest.mark.bypasses_events
    def test_is_not_known_when_a_value_of_the_log_cannot_be_read(self) -> None:
        insert_event("order", uuid7(), 1, "orders.order_confirmed", '{"customer_id": "Ada"}')
        by_sql("INSERT INTO cqrs_pending (event_id, bucket) SELECT max(id), 0 FROM cqrs_event")
        assert failing("heal", "--restored").startswith(
            "The audit of the write tables met a value that cannot be read"
        )

    def test_is_not_healed_when_events_have_lost_their_positions(self) -> None:
        log = Log()
        log.customer("Before")
        log.projected()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE cqrs_feed")
        assert "1 event(s) have lost their position" in failing("heal", "--accept-loss")


class TestReactionsAfterALoss:
    def test_repeat_what_was_open_at_the_backup(
        self, no_reactions: None, settings: Any, tmp_path: Path
    ) -> None:
        recorder = Recorder()
        configure(settings, recorder)
        log = Log()
        log.sequenced()
        hand_over_now()
        log.customer("Before")
        log.projected()
        hand_over_now()
        backup = back_up("default", tmp_path)
        assert executor.run(recorder) == 1
        backup.restore()
        projections("heal", "--restored")
        assert executor.run(recorder) == 1
        first, again = recorder.seen
        assert first.event_id == again.event_id

    def test_go_on_with_what_came_after_it(self, no_reactions: None, settings: Any) -> None:
        configure(settings, Recorder())
        log = Log()
        log.sequenced()
        hand_over_now()
        log.customer("Before")
        log.projected()
        hand_over_now()
        ReactionWork.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM cqrs_event")
        log.customer("After")
        log.sequenced()
        projections("heal", "--accept-loss")
        assert hand_over_now() == (1, 0)
        assert names() == {"After"}


class TestNewReadDatabase:
    def test_gets_the_epoch_of_the_log(self) -> None:
        log = Log()
        log.customer("Before")
        log.projected()
        projections("heal", "--restored")
        LogEpoch.objects.update(epoch=0)
        projections("heal")
        log_epoch, read_epoch = epochs()
        assert log_epoch == read_epoch != 0
