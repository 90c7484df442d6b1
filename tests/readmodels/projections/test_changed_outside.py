"""What other programs do to the rows of the write side, in every read model, case by case."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest

from cqrs.event_log.events import bucket_of
from cqrs.messaging import bus
from cqrs.messaging.results import Ok
from cqrs.projections.models import ParkedEvent, Tombstone
from cqrs.projections.registry import runner
from cqrs.projections.rows import MissingRow
from customers.events import CustomerSnapshot
from readmodels.models import (
    CustomerReadModel,
    OrderCustomer,
    OrderEventReadModel,
    OrderReadModel,
    OrderSearch,
    SalesDayReadModel,
    StockReadModel,
    StockSearch,
)
from readmodels.projections import PROJECTIONS, customers
from readmodels.projections.product_sales import ProductSales
from readmodels.projections.sales import Sales
from readmodels.queries import (
    GetCustomerById,
    GetOrderById,
    GetProductSales,
    GetSalesReport,
    GetStock,
)
from tests.support.expected import searched
from tests.support.log import ELM, PLACED, REGISTERED, Log
from tests.support.outside_histories import UNREGISTERED
from tests.support.statements import statements, written_tables
from tests.support.waiting import ask, token

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
ORDERS, CUSTOMERS, STOCK, SALES, PRODUCT_SALES, _ = PROJECTIONS
ADA = CustomerSnapshot(
    name="Ada", email="ada@example.com", is_active=False, registered_at=REGISTERED
)
YESTERDAY, TOMORROW = PLACED - timedelta(days=1), PLACED + timedelta(days=1)


def order(key: UUID) -> dict[str, Any]:
    return orjson.loads(OrderReadModel.objects.get(pk=key).document)


def customer(key: UUID) -> dict[str, Any]:
    return orjson.loads(CustomerReadModel.objects.get(pk=key).document)


def counts(key: UUID) -> tuple[Any, ...]:
    """Return what is counted of a customer's orders."""
    row = CustomerReadModel.objects.get(pk=key)
    assert customer(key)["order_count"] == row.order_count
    return (row.order_count, row.open_order_count, row.cancelled_count, row.totals)


def tombstones(consumer: str) -> dict[str, tuple[int, int]]:
    """Return the version and the position of each deleted row, by key."""
    rows = Tombstone.objects.filter(consumer=consumer)
    return {row.key: (row.version, row.position) for row in rows}


def report(query: Any) -> list[dict[str, Any]]:
    result = bus.ask(query, {})
    assert isinstance(result, Ok), result
    return [orjson.loads(document) for document in result.value.documents]


class TestOrderChangedOutside:
    def test_replaces_the_whole_order_but_its_customers_name(self, log: Log) -> None:
        buyer = log.customer("Ada", "ada@example.com")
        key = log.order(buyer, total="20.00")
        log.projected()
        oak = ELM.model_copy(update={"street": "1 Oak"})
        log.alter(
            key, status="shipped", carrier="UPS", tracking_number="1Z9", order_date=YESTERDAY,
            special_instructions="Ring", shipping_address=oak,
        )  # fmt: skip
        before = order(key)
        log.projected()
        event = log.sequenced()[-1]
        document = order(key)
        assert list(document) == list(before)
        assert document == before | {
            "status": "shipped",
            "carrier": "UPS",
            "tracking_number": "1Z9",
            "order_date": "2026-01-30T12:30:00.000000Z",
            "special_instructions": "Ring",
            "shipping_address": "1 Oak, Springfield, IL 62701, US",
            "updated_at": event.occurred_at.isoformat(timespec="microseconds")[:-6] + "Z",
            "version": 2,
        }
        row = OrderReadModel.objects.get()
        assert (row.status, row.order_date, row.version) == ("shipped", YESTERDAY, 2)
        assert row.position == event.position

    def test_shows_an_inserted_order_with_its_customers_name(self, log: Log) -> None:
        buyer, model = log.customer("Ada"), log.order(log.customer())
        key = log._new_key()
        log.change_outside(key, log.snapshots[model].model_copy(update={"customer_id": buyer}))
        log.projected()
        assert (order(key)["customer_name"], order(key)["version"]) == ("Ada", 1)
        assert counts(buyer) == (1, 1, 0, {"USD": "20.00"})

    def test_shows_an_order_of_a_customer_that_there_is_not(self, log: Log) -> None:
        model = log.order(log.customer())
        key = log._new_key()
        log.change_outside(
            key, log.snapshots[model].model_copy(update={"customer_id": UNREGISTERED})
        )
        log.projected()
        assert (order(key)["customer_name"], ParkedEvent.objects.count()) == ("", 0)
        log.change_outside(UNREGISTERED, ADA)
        log.projected()
        assert order(key)["customer_name"] == "Ada"
        assert counts(UNREGISTERED) == (1, 1, 0, {"USD": "20.00"})

    def test_deletes_the_order_and_continues_its_versions(self, log: Log) -> None:
        buyer = log.customer()
        key = log.order(buyer)
        log.projected()
        snapshot = log.snapshots[key]
        log.change_outside(key, None)
        log.projected()
        assert tombstones("orders") == {str(key): (2, 3)}
        assert OrderReadModel.objects.count() == OrderSearch.objects.count() == 0
        assert counts(buyer) == (0, 0, 0, {})
        assert customer(buyer)["last_order_at"] is None
        log.change_outside(key, snapshot)
        log.confirm(key)
        log.projected()
        assert (order(key)["status"], order(key)["version"]) == ("confirmed", 4)
        assert (tombstones("orders"), ParkedEvent.objects.count()) == ({}, 0)
        assert counts(buyer) == (1, 1, 0, {"USD": "20.00"})

    def test_is_in_the_history_with_both_orders(self, log: Log) -> None:
        key = log.order(log.customer())
        log.alter(key, status="shipped")
        log.change_outside(key, None)
        log.projected()
        documents = OrderEventReadModel.objects.order_by("id").values_list("document", flat=True)
        created, changed, deleted = (orjson.loads(each) for each in documents)
        assert created["type"] == "OrderCreated"
        assert changed["type"] == deleted["type"] == "OrderChangedOutside"
        assert changed["data"]["before"]["status"] == "pending"
        assert changed["data"]["after"]["status"] == "shipped"
        assert (deleted["version"], deleted["data"]["after"]) == (3, None)
        assert deleted["data"]["order_id"] == str(key)

    def test_of_a_row_that_is_missing_is_an_error_where_it_is_taken_from_a_sum(
        self, log: Log
    ) -> None:
        key = log.order(log.customer())
        log.alter(key, status="shipped")
        event = log.sequenced()[-1]
        for projection in (Sales(), ProductSales(), CUSTOMERS):
            with pytest.raises(MissingRow, match="order_changed_outside at position 3"):
                projection.apply([event])


class TestTokenOfADeletion:
    def test_is_answered_with_not_found(self, log: Log) -> None:
        buyer, lamp = log.customer(), log.stock()
        key = log.order(buyer)
        log.projected()
        asked = [
            (GetOrderById, "order_id", key, "order"),
            (GetCustomerById, "customer_id", buyer, "customer"),
            (GetStock, "product_id", lamp, "stock"),
        ]
        for gone in (key, buyer, lamp):
            log.change_outside(gone, None)
        log.published()
        for codes in ("read_side_behind", "not_found"):
            for query, name, each, stream in asked:
                payload = {"consistency_token": token(stream, each, 2), "wait_s": 0, name: each}
                assert ask(query, **payload).code == codes
            log.projected()
        buckets = Tombstone.objects.values_list("table_name", "bucket")
        assert dict(buckets) == {
            "read_orders": bucket_of(buyer),
            "read_customers": bucket_of(buyer),
            "read_stock": bucket_of(lamp),
        }


class TestSumsOfCustomers:
    def test_lose_the_order_before_and_get_the_order_after(self, log: Log) -> None:
        buyer = log.customer()
        key, other = log.order(buyer, total="20.00"), log.order(buyer, total="5.00")
        log.projected()
        for status, expected in (
            ("cancelled", (2, 1, 1, {"USD": "5.00"})),
            ("delivered", (2, 1, 0, {"USD": "25.00"})),
            ("confirmed", (2, 2, 0, {"USD": "25.00"})),
        ):
            log.alter(key, status=status)
            log.projected()
            assert counts(buyer) == expected
        log.alter(other, currency="JPY", total_amount=Decimal(7))
        log.projected()
        assert counts(buyer) == (2, 2, 0, {"JPY": "7", "USD": "20.00"})
        log.ship(key)  # by the application, after another program has changed it
        log.projected()
        assert counts(buyer) == (2, 1, 0, {"JPY": "7", "USD": "20.00"})

    def test_have_the_latest_order_when_the_last_one_is_deleted_or_moved(self, log: Log) -> None:
        buyer, other = log.customer(), log.customer()
        first, second = log.order(buyer, order_date=YESTERDAY), log.order(buyer)
        third = log.order(buyer, order_date=TOMORROW)
        log.order(other, order_date=TOMORROW)

        def last() -> tuple[Any, Any]:
            log.projected()
            column = CustomerReadModel.objects.get(pk=buyer).last_order_at
            text = customer(buyer)["last_order_at"]
            assert text is None or text[:10] == column.date().isoformat()
            return (text and text[:10], column)

        assert last() == ("2026-02-01", TOMORROW)
        log.alter(third, order_date=YESTERDAY - timedelta(days=1))
        assert last() == ("2026-01-31", PLACED)
        log.change_outside(second, None)
        assert last() == ("2026-01-30", YESTERDAY)
        log.alter(third, order_date=TOMORROW)
        assert last() == ("2026-02-01", TOMORROW)
        log.change_outside(third, None)
        log.change_outside(first, None)
        assert last() == (None, None)
        assert customer(other)["last_order_at"][:10] == "2026-02-01"

    def test_look_the_latest_order_up_only_when_it_is_lost(self, log: Log) -> None:
        buyer = log.customer()
        key = log.order(buyer)
        before = len(log.sequenced())
        log.projected()
        log.alter(key, status="delivered", order_date=TOMORROW)
        with statements() as seen:
            CUSTOMERS.apply(log.sequenced()[before:])
        assert len(seen) == 2
        log.alter(key, order_date=YESTERDAY)
        with statements() as seen:
            CUSTOMERS.apply(log.sequenced()[before + 1 :])
        assert len(seen) == 4
        assert written_tables(seen)[-2:] == ["public.read_customer_orders", "public.read_customers"]

    def test_go_on_while_the_customer_is_deleted(self, log: Log) -> None:
        buyer = log.customer("Ada")
        key, other = log.order(buyer, total="20.00"), log.order(buyer, total="5.00")
        log.projected()
        log.change_outside(buyer, None)
        log.projected()
        assert tombstones("customers") == {str(buyer): (2, 4)}
        log.confirm(key)
        log.ship(key)
        log.cancel(other)
        log.projected()
        assert (CustomerReadModel.objects.count(), ParkedEvent.objects.count()) == (0, 0)
        assert tombstones("customers") == {str(buyer): (2, 4)}
        log.change_outside(buyer, ADA)
        log.projected()
        assert counts(buyer) == (2, 0, 1, {"USD": "20.00"})
        assert customer(buyer)["version"] == 3

    def test_are_of_a_customer_that_the_application_registers_again(self, log: Log) -> None:
        buyer = log.customer("Ada")
        log.order(buyer, total="20.00")
        log.change_outside(buyer, None)
        log.customer("Ada again", key=buyer)
        log.projected()
        assert counts(buyer) == (1, 1, 0, {"USD": "20.00"})
        assert (customer(buyer)["name"], customer(buyer)["version"]) == ("Ada again", 3)

    def test_wait_for_a_customer_whose_event_is_parked(
        self, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setitem(customers.HANDLERS, "customers.customer_registered", lambda *_: 1 / 0)
            buyer = log.customer("Ada")
            log.order(buyer, total="20.00")
            log.projected()
        assert ParkedEvent.objects.filter(consumer="customers").count() == 1
        assert runner.retries.retry(CUSTOMERS, ("customer", buyer)) == 1
        assert counts(buyer) == (1, 1, 0, {"USD": "20.00"})


class TestCustomerChangedOutside:
    def test_replaces_the_profile_and_leaves_the_counts(self, log: Log) -> None:
        buyer = log.customer("Bo")
        log.order(buyer, total="20.00")
        log.change_outside(buyer, ADA.model_copy(update={"registered_at": YESTERDAY}))
        log.projected()
        document = customer(buyer)
        assert (document["name"], document["email"]) == ("Ada", "ada@example.com")
        assert (document["is_active"], document["version"]) == (False, 2)
        assert document["registered_at"] == "2026-01-30T12:30:00.000000Z"
        assert counts(buyer) == (1, 1, 0, {"USD": "20.00"})

    def test_renames_the_customers_orders(self, log: Log) -> None:
        buyer = log.customer("Bo")
        key = log.order(buyer)
        log.projected()
        log.alter(buyer, name="Grace", email="grace@example.com")
        log.projected()
        assert (order(key)["customer_name"], order(key)["version"]) == ("Grace", 1)
        assert searched(OrderSearch)[str(key)] == f"grace\ngrace@example.com\n{key}"

    def test_moves_no_order_when_the_name_stays(self, log: Log) -> None:
        buyer = log.customer("Bo")
        key = log.order(buyer)
        log.projected()
        log.alter(buyer, is_active=False)
        with statements() as seen:
            ORDERS.apply(log.sequenced()[2:])
        assert seen == []
        assert OrderReadModel.objects.get(pk=key).position == 2

    def test_leaves_the_last_name_to_the_orders_of_a_deleted_customer(self, log: Log) -> None:
        buyer = log.customer("Ada")
        key = log.order(buyer)
        log.change_outside(buyer, None)
        log.alter(key, status="shipped")
        log.projected()
        assert (order(key)["customer_name"], order(key)["status"]) == ("Ada", "shipped")
        assert OrderCustomer.objects.get().name == "Ada"


class TestSalesOfAChangedOrder:
    def test_move_to_its_new_day_currency_and_total(self, log: Log) -> None:
        key = log.order(log.customer(), total="20.00")
        log.projected()
        log.alter(key, order_date=TOMORROW, total_amount=Decimal("25.00"))
        log.projected()
        assert report(GetSalesReport) == [
            {"period": "2026-02-01", "currency": "USD", "order_count": 1, "cancelled_count": 0,
             "revenue": "25.00"}
        ]  # fmt: skip
        days = dict(SalesDayReadModel.objects.values_list("day", "order_count"))
        assert days == {date(2026, 1, 31): 0, date(2026, 2, 1): 1}

    def test_are_counted_apart_when_it_is_cancelled_and_back(self, log: Log) -> None:
        key = log.order(log.customer(), total="20.00")
        for status, cancelled, revenue in (("cancelled", 1, "0.00"), ("pending", 0, "20.00")):
            log.alter(key, status=status)
            log.projected()
            [day] = report(GetSalesReport)
            assert (day["order_count"], day["cancelled_count"]) == (1, cancelled)
            assert day["revenue"] == revenue

    def test_have_the_digits_of_the_currency_if_nothing_was_sold(self, log: Log) -> None:
        model = log.order(log.customer(), total="20.00", order_date=YESTERDAY)
        values = {"status": "cancelled", "order_date": PLACED}
        log.change_outside(log._new_key(), log.snapshots[model].model_copy(update=values))
        log.projected()
        assert [day["revenue"] for day in report(GetSalesReport)] == ["20.00", "0.00"]


class TestProductsOfAChangedOrder:
    PEN, LAMP = UUID(int=1), UUID(int=2)

    def sold(self) -> dict[str, tuple[int, str, int]]:
        return {
            row["product_name"]: (row["quantity"], row["revenue"], row["order_count"])
            for row in report(GetProductSales)
        }

    def test_lose_the_lines_before_and_get_the_lines_after(self, log: Log) -> None:
        buyer = log.customer()
        key = log.order(buyer, lines=[(self.PEN, "Pen", 5, "4.00"), (self.PEN, "Pen", 1, "1.00")])
        lamp = log.order(buyer, lines=[(self.LAMP, "Lamp", 2, "20.00")])
        log.projected()
        assert self.sold() == {"Lamp": (2, "20.00", 1), "Pen": (6, "5.00", 1)}
        log.alter(key, items=log.orders[lamp]["items"])
        log.projected()
        assert self.sold() == {"Lamp": (4, "40.00", 2)}

    def test_have_the_name_that_was_given_last(self, log: Log) -> None:
        buyer = log.customer()
        old = log.order(buyer, lines=[(self.PEN, "Pencil", 1, "1.00")])
        log.order(buyer, lines=[(self.PEN, "Pen", 1, "1.00")])
        log.alter(old, status="shipped")  # names nothing
        log.projected()
        assert set(self.sold()) == {"Pen"}
        [line] = log.orders[old]["items"]
        log.alter(old, items=(line.model_copy(update={"product_name": "Quill"}),))
        log.projected()
        assert set(self.sold()) == {"Quill"}


class TestStockChangedOutside:
    def test_replaces_amounts_and_names(self, log: Log) -> None:
        lamp = log.stock(on_hand=5, sku="L-1", name="Lamp")
        log.alter(lamp, on_hand=9, reserved=2, sku="L-2", name="Big lamp")
        log.projected()
        document = orjson.loads(StockReadModel.objects.get(pk=lamp).document)
        assert document == {
            "product_id": str(lamp), "sku": "L-2", "name": "Big lamp",
            "on_hand": 9, "reserved": 2, "available": 7, "version": 2,
        }  # fmt: skip
        assert searched(StockSearch) == {str(lamp): f"big lamp\nl-2\n{lamp}"}

    def test_deletes_the_row_and_continues_its_versions(self, log: Log) -> None:
        lamp = log.stock(on_hand=5)
        log.change_outside(lamp, None)
        log.projected()
        assert tombstones("stock") == {str(lamp): (2, 2)}
        assert StockReadModel.objects.count() == StockSearch.objects.count() == 0
        log.stock(lamp, on_hand=3)
        log.projected()
        row = StockReadModel.objects.get()
        assert (row.pk, row.on_hand, row.version) == (lamp, 3, 3)
