"""A database of version 1 goes on by it until the rebuild, which applies what came from outside."""

from typing import Any

import pytest

from cqrs.event_log.events import RecordedEvent
from cqrs.operations.worker import project
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.registry import all_versions, projections, versions
from cqrs.rebuild.rebuild import rebuild, roll_back
from cqrs.rebuild.verify import verify
from readmodels.models import (
    CustomerOrderDate,
    CustomerOrders,
    CustomerReadModel,
    OrderReadModel,
    StockReadModel,
)
from readmodels.projections import EARLIER_VERSIONS, PROJECTIONS
from readmodels.projections.first_versions import CHANGES_OUTSIDE
from tests.readmodels.projections.test_any_run import CONTRACTS
from tests.support.built import nothing_is_left, silent
from tests.support.kernel_settings import cqrs
from tests.support.log import PLACED, Log

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
]


@pytest.fixture
def log() -> Log:
    """Return a log of the application that version 1 has projected."""
    log = Log()
    with cqrs(PROJECTIONS=["readmodels.projections.EARLIER_VERSIONS"], EVENT_SCHEMAS_DIR=None):
        for number in range(10):
            lamp, buyer = log.stock(on_hand=5), log.customer(f"Customer {number}")
            log.reserve(lamp, 2)
            order = log.order(buyer, total=f"{number}.50")
            (log.cancel, log.confirm)[number % 2](order)
            log.published()
        project(projections())
    return log


def change_all_outside(log: Log) -> list[RecordedEvent]:
    """Let another program change, delete and insert some of each; return the whole log."""
    orders = list(log.orders)
    log.alter(orders[0], status="delivered", order_date=PLACED.replace(year=2025))
    log.change_outside(orders[1], None)
    log.change_outside(log._new_key(), log.snapshots[orders[2]])
    lamps = list(log.amounts)
    log.alter(lamps[0], on_hand=9)
    log.change_outside(lamps[1], None)
    buyers = [log.orders[order]["customer_id"] for order in orders]
    log.alter(buyers[0], name="Grace")
    log.change_outside(buyers[1], None)
    log.customer("After it")
    log.published()
    project(projections())
    return log.sequenced()


def serving() -> set[int]:
    rows = ProjectionCheckpoint.objects.exclude(consumer__contains=".")
    return set(rows.values_list("version", flat=True))


def differing() -> list[Any]:
    return [each for projection in projections() for each in verify(projection, silent)]


def all_rebuilt() -> None:
    for projection in PROJECTIONS:
        rebuild(projection, silent, accept_changes=True)


class TestFirstVersions:
    def test_handle_what_they_did_before(self) -> None:
        assert {each.name for each in EARLIER_VERSIONS} == {each.name for each in PROJECTIONS}
        for first, newest in versions().values():
            assert (first.version, newest.version) == (1, 2)
            assert set(newest.types) - set(first.types) <= CHANGES_OUTSIDE
            assert set(newest.types) > set(first.types)
            assert not set(first.types) & CHANGES_OUTSIDE
        assert len(all_versions()) == 12

    def test_are_not_for_a_fresh_database(self) -> None:
        log = Log()
        log.order(log.customer())
        log.published()
        project(projections())
        assert serving() == {2}

    def test_go_on_by_themselves_until_the_rebuild(self, log: Log) -> None:
        log.ship(list(log.orders)[1])
        log.order(log.customer("New"))
        log.published()
        project(projections())
        assert serving() == {1}
        assert CustomerOrders.objects.count() == CustomerOrderDate.objects.count() == 0
        assert ParkedEvent.objects.count() == 0
        assert differing() == []

    def test_move_the_versions_of_what_another_program_changed(self, log: Log) -> None:
        order, lamp = next(iter(log.orders)), next(iter(log.amounts))
        change_all_outside(log)
        assert serving() == {1}
        row = OrderReadModel.objects.get(pk=order)
        assert (row.status, row.version) == ("cancelled", 3)
        row = StockReadModel.objects.get(pk=lamp)
        assert (row.on_hand, row.version) == (5, 3)
        assert CustomerReadModel.objects.filter(name="Grace").count() == 0
        assert ParkedEvent.objects.count() == 0
        assert differing() == []


class TestRebuild:
    def test_applies_what_came_from_outside(self, log: Log) -> None:
        events = change_all_outside(log)
        all_rebuilt()
        assert serving() == {2}
        for contract in CONTRACTS:
            assert contract.observed() == type(contract).fold(events)
        assert differing() == []
        for projection in PROJECTIONS:
            assert rebuild(projection, silent).is_equal

    def test_says_that_the_rows_of_the_new_tables_are_new(self, log: Log) -> None:
        proof = rebuild(PROJECTIONS[1], silent, accept_changes=True)
        assert (proof.old_version, proof.new_version) == (1, 2)
        assert dict(proof.kinds) == {"missing": 20}
        assert {each.table for each in proof.examples} == {
            "read_customer_orders", "read_customer_order_dates"
        }  # fmt: skip

    def test_is_equal_where_no_table_is_new(self, log: Log) -> None:
        for projection in PROJECTIONS:
            if projection.name != "customers":
                assert rebuild(projection, silent).is_equal

    def test_leaves_the_old_tables_to_the_first_version(self, log: Log) -> None:
        all_rebuilt()
        change_all_outside(log)
        for projection in PROJECTIONS:
            roll_back(projection)
        assert serving() == {1}
        assert differing() == []
        for projection in PROJECTIONS:
            roll_back(projection)
        assert serving() == {2}
        events = log.sequenced()
        for contract in CONTRACTS:
            assert contract.observed() == type(contract).fold(events)
