"""A batch is loaded, folded and written: what is wrong with an event shows before any write."""

from collections.abc import Callable
from typing import Any

import pytest

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.database.statements import Selected, execute
from cqrs.event_log import sequencer
from cqrs.operations.worker import project
from cqrs.projections.models import ParkedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from orders.events import OrderConfirmed, StockReserved
from readmodels.models import OrderReadModel, StockReadModel, StockSearch
from readmodels.projections import PROJECTIONS, stock
from tests.support.faults import Broken
from tests.support.log import Log
from tests.support.spying import consumers_of
from tests.support.statements import no_statements, statements, writes, written_tables
from tests.support.waiting import BOTH

COMMITTED = pytest.mark.django_db(transaction=True, databases=BOTH)
UNDONE = pytest.mark.django_db(databases=BOTH)
ORDERS, _, STOCK, *_ = PROJECTIONS
Break = Callable[[Any, str], None]


def break_split(patch: Any, key: str) -> None:
    def split(event: Any) -> Any:
        if str(event.stream_id) == key and event.type == StockReserved.wire_name:
            raise Broken
        yield event

    patch.setattr(STOCK, "split", split)


def break_keys(patch: Any, key: str) -> None:
    keys = STOCK.keys

    def broken(events: Any) -> Any:
        for event in events:
            if str(event.stream_id) == key and event.type == StockReserved.wire_name:
                raise Broken
        return keys(events)

    patch.setattr(STOCK, "keys", broken)


def break_handler(patch: Any, key: str) -> None:
    def handler(state: Any, event: Any) -> Any:
        if event.data["product_id"] == key:
            raise Broken
        return stock.moved(state, event)

    patch.setitem(stock.HANDLERS, StockReserved.wire_name, handler)


def break_column(patch: Any, key: str) -> None:
    patch.setitem(stock.STOCK.columns.computed, "id", _unless_reserved(key, str))


def break_search(patch: Any, key: str) -> None:
    def text(product: Any) -> str:
        if (product["product_id"], product["reserved"]) == (key, 1):
            raise Broken
        return before(product)

    before = stock.STOCK.search.text
    patch.setattr(stock.STOCK.search, "text", text)


def _unless_reserved(key: str, kind: Callable[[Any], str]) -> Callable[[Any], str]:
    def value(product: Any) -> str:
        if (product["product_id"], product["reserved"]) == (key, 1):
            raise Broken
        return kind(product["product_id"])

    return value


BREAKS = [break_split, break_keys, break_handler, break_column, break_search]
broken_at = pytest.mark.parametrize("break_it", BREAKS, ids=lambda each: each.__name__)


class TestErrorOfAFold:
    @UNDONE
    @broken_at
    def test_comes_before_any_write(self, log: Log, monkeypatch: Any, break_it: Break) -> None:
        bad, good = log.stock(on_hand=5), log.stock(on_hand=5)
        log.projected()
        for key in (good, bad, good):
            log.reserve(key)
        break_it(monkeypatch, str(bad))
        events = log.sequenced()[2:]
        with statements() as seen, pytest.raises(Broken):
            STOCK.apply(events)
        assert writes(seen) == []

    @COMMITTED
    @broken_at
    def test_leaves_the_joint_transaction_to_the_others(
        self, monkeypatch: Any, break_it: Break
    ) -> None:
        """No consumer writes twice, and the one that failed parks one event."""
        log = Log()
        bad, good = log.stock(on_hand=5), log.stock(on_hand=5)
        log.projected()
        order = log.order(log.customer())
        for key in (good, bad, good):
            log.reserve(key)
        log.published()
        break_it(monkeypatch, str(bad))
        alone = consumers_of(monkeypatch, runner, "advance_batch")
        with statements() as seen:
            project(PROJECTIONS)
        assert set(alone) == {"stock"}
        assert len([each for each in writes(seen) if "read_orders" in each]) == 1
        assert OrderReadModel.objects.get().pk == order
        [parked] = ParkedEvent.objects.all()
        assert (parked.consumer, parked.stream_id) == ("stock", bad)
        assert parked.type == StockReserved.wire_name
        amounts = dict(StockReadModel.objects.values_list("pk", "reserved"))
        assert amounts == {bad: 0, good: 2}
        assert StockSearch.objects.count() == 2
        for projection in PROJECTIONS:
            assert set(runner.positions(projection)) == {sequencer.head()}
        assert runner.paused == {}

    @COMMITTED
    def test_of_a_key_that_the_database_refuses_parks_the_event(self, monkeypatch: Any) -> None:
        log = Log()
        bad = log.order(log.customer())
        log.projected()
        log.confirm(bad)
        good = log.order(log.customer())
        log.published()
        keys = ORDERS.keys

        def broken(events: Any) -> Any:
            found = dict(keys(events))
            if any(event.type == OrderConfirmed.wire_name for event in events):
                found[ORDERS.tables[0]] = ["no uuid"]
            return found

        monkeypatch.setattr(ORDERS, "keys", broken)
        project(PROJECTIONS)
        [parked] = ParkedEvent.objects.all()
        assert (parked.consumer, parked.stream_id) == ("orders", bad)
        assert parked.error.startswith("DataError")
        assert OrderReadModel.objects.filter(pk=good).exists()


@UNDONE
@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda each: each.name)
class TestPhases:
    def test_only_name_statements_and_the_fold_touches_no_database(
        self, log: Log, projection: Projection
    ) -> None:
        for _ in range(2):  # the second time there are rows to load
            events = _life(log)
            with no_statements():
                batch = projection.batch(events)
                loads = batch.loads()
            rows = Selected(PROJECTION_ALIAS, loads).rows()
            with no_statements():
                written = batch.fold(rows)
            assert len(written) > 0
            execute(PROJECTION_ALIAS, written)
            batch.follow_up()

    def test_are_one_statement_per_table(self, log: Log, projection: Projection) -> None:
        batch = projection.batch(_life(log))
        loads = batch.loads()
        written = batch.fold(Selected(PROJECTION_ALIAS, loads).rows())
        assert len(loads) <= len(projection.tables)
        tables = [text.split()[2] for text, _ in written]
        assert len(tables) == len(set(tables)) <= len(projection.tables)

    def test_are_one_load_and_one_write_for_the_database(
        self, log: Log, projection: Projection
    ) -> None:
        events = _life(log)
        with statements() as seen:
            projection.apply(events)
        assert len(writes(seen)) == 1
        assert len(seen) <= 2 + 2 * (projection is ORDERS)  # it renames a customer's orders

    def test_nothing_follows_from_an_order(self, log: Log, projection: Projection) -> None:
        buyer, product = log.customer(), log.stock(on_hand=5)
        log.projected()
        order = log.order(buyer)
        log.reserve(product)
        log.confirm(order)
        batch = projection.batch(log.sequenced()[2:])
        batch.fold(Selected(PROJECTION_ALIAS, batch.loads()).rows())
        with no_statements():
            assert not batch.has_follow_up
            batch.follow_up()


@UNDONE
class TestFollowUp:
    def test_renames_a_customers_orders_after_the_writes(self, log: Log) -> None:
        buyer = log.customer("Ada")
        order = log.order(buyer)
        log.projected()
        log.rename(buyer, "Grace")
        batch = ORDERS.batch(log.sequenced()[2:])

        def names() -> list[str]:
            found = OrderReadModel.objects.filter(pk=order)
            return list(found.values_list("customer_name", flat=True))

        execute(PROJECTION_ALIAS, batch.fold(Selected(PROJECTION_ALIAS, batch.loads()).rows()))
        assert batch.has_follow_up
        assert names() == ["Ada"]
        with statements() as seen:
            batch.follow_up()
        assert written_tables(seen) == ["public.read_orders", "public.read_order_search"]
        assert names() == ["Grace"]

    def test_of_a_rename_goes_alone(self, log: Log, monkeypatch: Any) -> None:
        """A customer can have so many orders that the other projections should not wait."""
        buyer = log.customer("Ada")
        log.order(buyer)
        log.projected()
        log.rename(buyer, "Grace")
        log.published()
        alone = consumers_of(monkeypatch, runner, "advance_batch")
        project(PROJECTIONS)
        assert set(alone) == {"orders"}
        assert OrderReadModel.objects.get().customer_name == "Grace"


def _life(log: Log) -> list[Any]:
    """Return new events of all types, and apply those before them."""
    before = len(log.sequenced())
    product, buyer = log.stock(on_hand=9), log.customer()
    for move in (log.reserve, log.reserve, log.release, log.deduct):
        move(product)
    order, other = log.order(buyer), log.order(buyer)
    for step in (log.confirm, log.ship, log.deliver):
        step(order)
    log.cancel(other)
    log.rename(buyer, "Grace")
    log.deactivate(buyer)
    return log.sequenced()[before:]
