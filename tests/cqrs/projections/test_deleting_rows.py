"""A projection that deletes rows promises what every projection does, and leaves tombstones."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import orjson
import pytest
from django.db import connections
from hypothesis import strategies as st

from cqrs.consistency.token_status import TokenStatus, token_status
from cqrs.consistency.tokens import ConsistencyToken
from cqrs.event_log.events import RecordedEvent, bucket_of
from cqrs.operations.worker import project
from cqrs.projections.models import ParkedEvent, Tombstone
from cqrs.projections.registry import projections, runner
from orders.events import OrderChangedOutside, StockSet
from readmodels.models import CustomerReadModel, OrderReadModel, StockReadModel, StockSearch
from readmodels.projections import order_states
from readmodels.projections.sales import Sales
from readmodels.queries import GetCustomerById, GetStock
from tests.support import shelf
from tests.support.expected import searched
from tests.support.kernel_settings import cqrs
from tests.support.log import Log
from tests.support.projection_contract import DeskProjectionContract
from tests.support.shelf import MEMBERS, SHELF, Shelf, shelf_of, tombstones
from tests.support.waiting import BOTH, ask, token

COMMITTED = pytest.mark.django_db(transaction=True, databases=BOTH)
WHICH = st.integers(0, 3)
HISTORIES = st.lists(
    st.one_of(
        st.tuples(st.just("set"), WHICH, st.sampled_from([0, 0, 1, 5])),
        st.tuples(st.just("reserve"), WHICH, st.just(1)),
    ),
    max_size=40,
)


@pytest.fixture
def shelves() -> Iterator[None]:
    with cqrs(**shelf.only("SHELF")):
        yield


@pytest.fixture
def members() -> Iterator[None]:
    with cqrs(**shelf.only("MEMBERS")):
        yield


def set_stock(log: Log, key: Any, on_hand: int) -> None:
    log.amounts[key] = (on_hand, 0)
    log.stock(key, on_hand=on_hand, sku=f"S-{on_hand}")


def projected(log: Log) -> None:
    log.published()
    project(projections())


def deleted(log: Log) -> Any:
    """Return a product that was counted, and deleted by the next event."""
    key = log.stock(on_hand=3)
    log.stock(key, on_hand=0)
    projected(log)
    return key


@pytest.mark.usefixtures("shelves")
class TestShelf(DeskProjectionContract):
    projection = SHELF[0]
    models = (StockReadModel, StockSearch)
    fold = staticmethod(shelf_of)
    histories: ClassVar[Any] = HISTORIES
    parkable = ("stock",)

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        fields = ("consumer", "table_name", "key", "bucket", "version", "position")
        gone = Tombstone.objects.filter(consumer="stock").order_by("key").values(*fields)
        return {**super().rows(), "Tombstone": list(gone)}

    def write(self, log: Log, history: Any) -> list[RecordedEvent]:
        products = [log.stock(on_hand=number) for number in range(4)]
        for kind, which, quantity in history:
            key = products[which]
            on_hand, reserved = log.amounts[key]
            if kind == "set":
                set_stock(log, key, quantity)
            elif not on_hand or reserved < on_hand:  # also of one that is gone
                log.reserve(key, quantity)
        return log.sequenced()

    def lives(self, log: Log, count: int) -> list[RecordedEvent]:
        """Write products that stay, that go, and that come back."""
        for number in range(count):
            stays, goes, returns = (log.stock(on_hand=number + 1) for _ in range(3))
            log.reserve(stays, 1)
            set_stock(log, goes, 0)
            log.reserve(goes, 1)
            set_stock(log, returns, 0)
            set_stock(log, returns, number + 1)
        return log.sequenced()

    def observed(self) -> dict[str, Any]:
        texts = searched(StockSearch)
        rows = {
            str(row.pk): {
                **orjson.loads(row.document),
                "position": row.position,
                "text": texts.pop(str(row.pk)),
            }
            for row in StockReadModel.objects.all()
        }
        assert texts == {}
        gone = tombstones()
        assert not rows.keys() & gone.keys()
        return {**rows, **gone}


@COMMITTED
@pytest.mark.usefixtures("shelves")
class TestTombstone:
    def test_has_version_position_and_bucket_of_the_event_that_deleted_the_row(self) -> None:
        key = deleted(Log())
        [row] = Tombstone.objects.values(
            "consumer", "table_name", "key", "bucket", "version", "position"
        )
        assert row == {
            "consumer": "stock",
            "table_name": "read_stock",
            "key": str(key),
            "bucket": bucket_of(key),
            "version": 2,
            "position": 2,
        }
        assert StockReadModel.objects.count() == StockSearch.objects.count() == 0

    def test_moves_with_later_events_and_keeps_its_bucket(self) -> None:
        log = Log()
        key = deleted(log)
        log.reserve(key)
        projected(log)
        assert tombstones() == {str(key): (3, 3)}
        assert Tombstone.objects.get().bucket == bucket_of(key)
        assert ParkedEvent.objects.count() == 0

    def test_goes_when_the_row_returns_with_the_next_version(self) -> None:
        log = Log()
        key = deleted(log)
        log.stock(key, on_hand=4, name="Again")
        projected(log)
        row = StockReadModel.objects.get()
        assert (row.pk, row.version, row.position, row.name) == (key, 3, 3, "Again")
        assert searched(StockSearch) == {str(key): f"again\n\n{key}"}
        assert tombstones() == {}

    @pytest.mark.parametrize("counts", [(0, 4), (0, 4, 0), (4, 0), (0, 0)])
    def test_is_the_outcome_of_a_whole_batch(self, counts: Sequence[int]) -> None:
        log = Log()
        key = log.stock(on_hand=3)
        projected(log)
        for count in counts:
            log.stock(key, on_hand=count)
        projected(log)
        version = 1 + len(counts)
        there = {} if counts[-1] else {str(key): (version, version)}
        assert tombstones() == there
        versions = dict(StockReadModel.objects.values_list("pk", "version"))
        assert versions == ({key: version} if counts[-1] else {})
        assert set(searched(StockSearch)) == {str(each) for each in versions}

    def test_is_not_left_by_a_row_that_never_was(self) -> None:
        log = Log()
        log.stock(on_hand=0)
        projected(log)
        assert tombstones() == {}
        assert ParkedEvent.objects.count() == 0

    def test_is_the_same_far_behind_the_head(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(runner, "near", 0)
        log = Log()
        key = deleted(log)
        log.reserve(key)
        projected(log)
        assert tombstones() == {str(key): (3, 3)}


@COMMITTED
@pytest.mark.usefixtures("shelves")
class TestTokenOfADeletedRow:
    def test_is_applied_up_to_the_version_that_deleted(self) -> None:
        key = deleted(Log())
        status = [
            token_status(ConsistencyToken("stock", key, version), {"stock"})
            for version in (1, 2, 3)
        ]
        assert status == [TokenStatus.APPLIED, TokenStatus.APPLIED, TokenStatus.PENDING]

    def test_lets_a_query_say_that_there_is_nothing(self) -> None:
        key = deleted(Log())
        asked = {"product_id": key, "consistency_token": token("stock", key, 2), "wait_s": 0}
        assert ask(GetStock, **asked).code == "not_found"
        asked["consistency_token"] = token("stock", key, 3)
        assert ask(GetStock, **asked).code == "read_side_behind"


@COMMITTED
@pytest.mark.usefixtures("members")
class TestLateEvent:
    def test_of_another_aggregate_changes_nothing_of_a_deleted_row(self, monkeypatch: Any) -> None:
        [projection] = MEMBERS
        log = Log()
        buyer, other = log.customer(), log.customer()
        projected(log)
        with monkeypatch.context() as patch:
            patch.setitem(projection.handlers, "orders.order_created", lambda *_: 1 / 0)
            order = log.order(buyer)
            projected(log)
        log.deactivate(buyer)
        projected(log)
        gone = tombstones("customers")
        assert gone == {str(buyer): (2, 4)}
        assert runner.retries.retry(projection, ("order", order)) == 1
        assert ParkedEvent.objects.count() == 0
        assert tombstones("customers") == gone
        assert list(CustomerReadModel.objects.values_list("pk", flat=True)) == [other]
        asked = {"customer_id": buyer, "consistency_token": token("customer", buyer, 2)}
        assert ask(GetCustomerById, **asked).code == "not_found"


@COMMITTED
class TestLateDeletion:
    def test_lets_the_row_return_that_is_past_it(self, monkeypatch: Any) -> None:
        """The order's row is at the position of its customer's last name when both are retried."""
        [orders] = [each for each in projections() if each.name == "orders"]
        log = Log()
        buyer = log.customer("Ada")
        order = log.order(buyer)
        projected(log)
        snapshot = log.snapshots[order]
        with monkeypatch.context() as patch:
            patch.setitem(order_states.HANDLERS, OrderChangedOutside.wire_name, lambda *_: 1 / 0)
            log.change_outside(order, None)
            log.change_outside(order, snapshot)
            log.rename(buyer, "Grace")
            projected(log)
        assert OrderReadModel.objects.get().position == 5
        assert runner.retries.retry(orders, ("order", order)) == 2
        row = OrderReadModel.objects.get()
        assert (row.version, row.customer_name, row.position) == (3, "Grace", 5)
        assert tombstones("orders") == {}


@COMMITTED
class TestNotDeletable:
    def test_parks_the_event_that_deletes_a_row_of_another_table(self) -> None:
        with cqrs(**shelf.only("FIXED_SHELF")):
            log = Log()
            bad, good = log.stock(on_hand=3), log.stock(on_hand=3)
            projected(log)
            log.stock(bad, on_hand=0)
            log.reserve(good)
            projected(log)
            [parked] = ParkedEvent.objects.all()
        assert (parked.position, parked.type) == (3, StockSet.wire_name)
        assert parked.error == (
            "NotDeletable: A handler returned None: declare read_stock as deletable=True"
        )
        versions = dict(StockReadModel.objects.values_list("pk", "version"))
        assert versions == {bad: 1, good: 2}


@pytest.mark.django_db(databases=BOTH)
class TestStatements:
    def test_of_a_table_that_is_not_deletable_ask_for_no_tombstones(self, log: Log) -> None:
        log.order(log.customer())
        with connections["replica"].execute_wrapper(_no_tombstones):
            Sales().apply(log.sequenced())

    def test_load_tombstones_once_per_batch(self, log: Log) -> None:
        seen: list[str] = []
        for _ in range(5):
            log.stock()

        def count(execute: Any, sql: str, *rest: Any) -> Any:
            seen.extend([sql] if "tombstone" in sql else [])
            return execute(sql, *rest)

        with connections["replica"].execute_wrapper(count):
            Shelf().apply(log.sequenced())
        assert len(seen) == 1


def _no_tombstones(execute: Any, sql: str, *rest: Any) -> Any:
    assert "tombstone" not in sql
    return execute(sql, *rest)
