"""Workers, rebuilds and swaps that meet between two statements of each other."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connections, transaction

from cqrs.projections.models import ProjectionCheckpoint
from cqrs.projections.registry import runner
from cqrs.rebuild import swap as module
from cqrs.rebuild.catch_up import _lock_serving, snapshot_at_equal_position
from cqrs.rebuild.proof import RebuildError
from cqrs.rebuild.rebuild import discard, rebuild, roll_back
from cqrs.rebuild.serving import active_consumers
from cqrs.rebuild.table_copies import Busy, Slot, TableCopy, exclusive
from readmodels.projections import PROJECTIONS
from tests.support.blocked import wait_until_blocked
from tests.support.built import elsewhere, filled, nothing_is_left, projections, silent
from tests.support.threads import together

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
    pytest.mark.postgresql_version,
]
ORDERS, CUSTOMERS, STOCK, *_ = PROJECTIONS


def after_a_swap(lock: Callable[[], Any]) -> Any:
    """Return what `lock` returns, which waits for the rows while they are given other names."""
    filled()
    TableCopy(ORDERS, Slot.SHADOW).create(4)
    names = ((ORDERS.name, "orders.retired"), ("orders.shadow", ORDERS.name))
    swapped = threading.Event()

    def swap() -> None:
        with transaction.atomic(using="replica"):
            for old, new in names:
                ProjectionCheckpoint.objects.filter(consumer=old).update(consumer=new)
            swapped.set()
            wait_until_blocked("replica")

    def locking() -> Any:
        assert swapped.wait(30)
        return lock()

    return together(swap, locking)[1]


def not_locked() -> list[int]:
    with transaction.atomic(using="replica"):
        rows = ProjectionCheckpoint.objects.using("replica").filter(consumer=ORDERS.name)
        return list(rows.select_for_update(skip_locked=True).values_list("partition", flat=True))


class TestAWorkerAndASwap:
    def test_a_place_read_before_the_swap_moves_nothing_after_it(self) -> None:
        """Its row is that of the retired tables now, and the worker would fill the serving ones."""
        filled()
        places = runner.started(ORDERS)
        rebuild(ORDERS, silent)
        with transaction.atomic(using="replica"):
            for place in places:
                assert runner.partitions.issue_claim_of(place).fetchone() is None
        assert runner.positions(TableCopy(ORDERS, Slot.RETIRED)) == runner.positions(ORDERS)

    def test_a_worker_that_waited_for_the_rows_locks_those_that_serve(self) -> None:
        def lock() -> list[int]:
            with transaction.atomic(using="replica"):
                return [place.position for place in runner.partitions.lock([ORDERS.name])]

        assert after_a_swap(lock) == [0, 0, 0, 0]

    def test_a_comparison_that_waited_for_the_rows_locks_those_that_serve(self) -> None:
        def lock() -> list[Any]:
            with transaction.atomic(using="replica"), connections["replica"].cursor() as cursor:
                _lock_serving(cursor, ORDERS.name)
                return elsewhere(not_locked)

        assert after_a_swap(lock) == []

    def test_tables_that_were_dropped_are_not_begun_again(self) -> None:
        filled()
        rebuild(ORDERS, silent)
        consumers = active_consumers(PROJECTIONS)
        discard(ORDERS)
        runner.drain(*consumers)
        names = set(ProjectionCheckpoint.objects.values_list("consumer", flat=True))
        assert names == {projection.name for projection in PROJECTIONS}

    def test_dropping_waits_for_a_worker_in_its_batch(self) -> None:
        log = filled()
        rebuild(ORDERS, silent)
        log.order(log.customer("Late"))
        log.sequenced()
        retired, taken = TableCopy(ORDERS, Slot.RETIRED), threading.Event()
        keys = ORDERS.keys

        def slowly(events: Any) -> Any:
            taken.set()
            wait_until_blocked("replica")  # it is the one that drops
            return keys(events)

        def work() -> None:
            ORDERS.keys = slowly  # type: ignore[method-assign]
            try:
                runner.drain(retired)
            finally:
                del ORDERS.keys

        together(work, lambda: taken.wait(30) and retired.drop())
        assert not retired.exists()

    def test_one_at_a_time_rebuilds_or_rolls_back_or_discards(self) -> None:
        filled()
        rebuild(ORDERS, silent)
        with exclusive(TableCopy(ORDERS, Slot.SHADOW)):
            for act in (roll_back, discard):
                with pytest.raises(Busy):
                    elsewhere(lambda act=act: act(ORDERS))
        assert TableCopy(ORDERS, Slot.RETIRED).exists()

    def test_one_at_a_time_verifies_and_the_other_says_that_it_did_not(self) -> None:
        with (
            exclusive(TableCopy(ORDERS, Slot.CHECK)),
            pytest.raises(CommandError, match="orders is being rebuilt or verified"),
        ):
            elsewhere(lambda: projections("verify", "orders", "--repair"))

    def test_tables_stay_where_they_are_while_they_are_compared(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else an old snapshot would look into new tables, and find less in them."""
        filled()
        rebuild(ORDERS, silent)
        monkeypatch.setattr(module, "SWAP_PATIENCE_S", 0.0)
        with (
            snapshot_at_equal_position(TableCopy(ORDERS, Slot.RETIRED)),
            pytest.raises(RebuildError, match="held"),
        ):
            elsewhere(lambda: roll_back(ORDERS))

    def test_a_swap_that_fails_leaves_the_tables_to_go_back_to(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        filled()
        rebuild(ORDERS, silent)
        monkeypatch.setattr(module, "SWAP_PATIENCE_S", 0.0)
        with transaction.atomic(using="replica"), connections["replica"].cursor() as cursor:
            cursor.execute("LOCK TABLE read_orders IN ACCESS SHARE MODE")
            with pytest.raises(RebuildError, match="held"):
                elsewhere(lambda: rebuild(ORDERS, silent))
        assert TableCopy(ORDERS, Slot.RETIRED).exists()
        roll_back(ORDERS)
