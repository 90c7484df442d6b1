"""Orders that another program changes: history, stock and counts stay right."""

import pytest

from cqrs.adoption.adopting import Looked
from cqrs.adoption.looking import look
from cqrs.event_log.audits import audit
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.models import EventRecord
from orders.commands import (
    CancelOrder,
    ConfirmOrder,
    CreateOrder,
    DeliverOrder,
    ImportOrder,
    SetStock,
    ShipOrder,
)
from orders.models import Order
from tests.support.outside import (
    by_sql,
    delete_order,
    delete_stock,
    everything_fits,
    outside_events,
    parked,
    set_status,
    versions,
)
from tests.support.scenarios import accepted, content, customer, line, order, product, stock
from tests.support.statements import statements

pytestmark = pytest.mark.django_db

ONE = Looked(adopted=1)


class TestStatus:
    def test_of_an_order_that_was_shipped_outside_can_go_on_to_delivered(self):
        lamp = product(5)
        key = order(line(lamp, 2), line(), status="confirmed")
        set_status(key, "shipped")
        assert accepted(DeliverOrder, order_id=key).version == 4
        assert versions(key) == [
            (1, "created"), (2, "confirmed"), (3, "changed_outside"), (4, "delivered"),
        ]  # fmt: skip
        [(_, before, after)] = outside_events(key)
        assert (before["status"], after["status"]) == ("confirmed", "shipped")
        assert stock(lamp) == (3, 0, 3)
        assert versions(lamp) == [(1, "set"), (2, "reserved"), (3, "deducted")]

    @pytest.mark.parametrize(
        ("before", "after", "amounts"),
        [
            ("pending", "confirmed", (5, 2, 2)),
            ("pending", "shipped", (3, 0, 3)),
            ("confirmed", "delivered", (3, 0, 3)),
            ("pending", "cancelled", (5, 0, 3)),
            ("confirmed", "cancelled", (5, 0, 3)),
            ("shipped", "delivered", (3, 0, 3)),
            ("shipped", "cancelled", (3, 0, 3)),
            ("shipped", "pending", (3, 2, 4)),
        ],
    )
    def test_moves_the_stock_as_the_command_would(self, before, after, amounts):
        lamp = product(5)
        key = order(line(lamp, 1), line(lamp, 1), status=before)
        set_status(key, after)
        assert look("order", [key]) == ONE
        assert look("order", [key]) == Looked()
        assert stock(lamp) == amounts
        assert everything_fits()

    def test_of_a_cancelled_order_reserves_anew(self):
        lamp = product(5)
        key = order(line(lamp, 2))
        accepted(CancelOrder, order_id=key)
        set_status(key, "confirmed")
        assert look("order", [key]) == ONE
        assert stock(lamp) == (5, 2, 4)
        accepted(ShipOrder, order_id=key)
        assert stock(lamp) == (3, 0, 5)

    @pytest.mark.bypasses_events
    def test_is_parked_when_the_stock_cannot_follow(self):
        lamp = product(2)
        key, other = order(line(lamp, 2)), order(line(), status="pending")
        accepted(CancelOrder, order_id=key)
        order(line(lamp, 1))
        by_sql("UPDATE orders_order SET status = 'confirmed' WHERE version < 3")
        assert look("order", Order.objects.values_list("pk", flat=True)) == Looked(
            adopted=2, parked=1
        )
        assert parked() == [("order", key, "its stock cannot follow: out_of_stock")]
        assert (stock(lamp), versions(other)[-1]) == ((2, 1, 4), (2, "changed_outside"))

    def test_of_many_orders_of_one_product_is_adopted_with_its_stock(self):
        lamp, desk = product(50), product(50)
        keys = [order(line(lamp, 1), line(desk, 2)) for _ in range(5)]
        by_sql("UPDATE orders_order SET status = 'shipped'")
        assert look("order", keys) == Looked(adopted=5)
        assert (stock(lamp), stock(desk)) == ((45, 0, 11), (40, 0, 11))

    def test_takes_no_more_statements_for_many_orders_than_for_one(self):
        lamp, sent = product(50), []
        for count in (1, 4):
            keys = [order(line(lamp, 1)) for _ in range(count)]
            by_sql("UPDATE orders_order SET status = 'cancelled'")
            with statements("default") as found:
                assert look("order", keys) == Looked(adopted=count)
            sent.append(len(found))
        assert sent[0] == sent[1]
        assert stock(lamp)[:2] == (50, 0)

    def test_is_published_behind_its_stock(self):
        key = order(line(product(5), 2))
        set_status(key, "cancelled")
        look("order", [key])
        last = EventRecord.objects.order_by("-id")[:2]
        assert [event.type for event in last] == [
            "orders.order_changed_outside", "orders.stock_released",
        ]  # fmt: skip


class TestStockThatChangedToo:
    def test_is_adopted_before_the_order_moves_it(self):
        lamp = product(5)
        key = order(line(lamp, 2))
        by_sql("UPDATE orders_stockitem SET on_hand = 9")
        set_status(key, "shipped")
        assert look("order", [key]) == ONE
        assert stock(lamp) == (7, 0, 4)
        assert versions(lamp)[2:] == [(3, "changed_outside"), (4, "deducted")]

    def test_gives_back_no_more_than_is_reserved(self):
        lamp = product(5)
        key = order(line(lamp, 2))
        by_sql("UPDATE orders_stockitem SET reserved = 1")
        accepted(CancelOrder, order_id=key)
        assert stock(lamp) == (5, 0, 4)

    @pytest.mark.parametrize("then", [CancelOrder, ShipOrder])
    def test_is_passed_over_when_its_row_is_gone(self, then):
        lamp, desk = product(5), product(5)
        key = order(line(lamp, 2), line(desk, 2), status="confirmed")
        delete_stock(lamp)
        accepted(then, order_id=key)
        assert versions(lamp)[-1] == (3, "changed_outside")
        assert stock(desk)[1] == 0
        assert versions(key)[-1][0] == 3

    def test_is_passed_over_when_it_was_created_again(self):
        lamp = product(5)
        key = order(line(lamp, 2))
        delete_stock(lamp)
        accepted(SetStock, product_id=lamp, on_hand=1)
        accepted(CancelOrder, order_id=key)
        assert stock(lamp) == (1, 0, 4)
        assert [version for version, _ in versions(lamp)] == [1, 2, 3, 4]

    @pytest.mark.bypasses_events
    def test_is_waited_for_when_a_newer_build_wrote_it(self):
        lamp = product(5)
        key, other = order(line(lamp, 2)), order()
        by_sql("UPDATE orders_stockitem SET digest = '2:0'")
        by_sql("UPDATE orders_order SET status = 'cancelled'")
        assert look("order", [key, other]) == Looked(adopted=1, parked=1)
        assert parked() == [("order", key, "its stock cannot follow: a newer build wrote it")]

    def test_lets_a_delivery_go_on(self):
        lamp = product(5)
        key = order(line(lamp, 2), status="shipped")
        delete_stock(lamp)
        assert accepted(DeliverOrder, order_id=key).status == "delivered"
        look("stock", [lamp])


class TestLines:
    def test_are_adopted_when_they_make_up_the_total(self):
        key = order(line(quantity=2))
        by_sql("UPDATE orders_orderline SET quantity = 3, line_total = 30")
        by_sql("UPDATE orders_order SET total_amount = 30")
        assert [str(item.line_total) for item in accepted(ConfirmOrder, order_id=key).items] == [
            "30.00"
        ]
        [(version, before, after)] = outside_events(key)
        assert version == 2
        assert [each["total_amount"] for each in (before, after)] == ["20.00", "30.00"]
        assert [each["items"][0]["quantity"] for each in (before, after)] == [2, 3]

    def test_that_reserve_more_take_it_from_the_stock(self):
        lamp = product(5)
        key = order(line(lamp, 2))
        by_sql("UPDATE orders_orderline SET quantity = 3, reserved_quantity = 3, line_total = 30")
        by_sql("UPDATE orders_order SET total_amount = 30")
        assert look("order", [key]) == ONE
        assert stock(lamp) == (5, 3, 4)

    def test_are_looked_at_by_commands(self):
        key = order()
        by_sql("UPDATE orders_orderline SET product_name = 'Big lamp'")
        assert accepted(ConfirmOrder, order_id=key).items[0].product_name == "Big lamp"
        assert versions(key)[-2] == (2, "changed_outside")

    def test_can_come_later_than_their_order(self):
        key, source = uuid7(), order(line(), line())
        columns = [
            field.column for field in Order._meta.concrete_fields
            if field.column not in ("id", "digest", "lines_digest")
        ]  # fmt: skip
        names = ", ".join(columns)
        by_sql(f"INSERT INTO orders_order (id, {names}) SELECT %s, {names} FROM orders_order"
               " WHERE id = %s", key, source)  # fmt: skip
        assert look("order", [key]) == Looked(parked=1)
        rest = ("number, product_id, product_name, quantity, reserved_quantity, unit_price,"
                " line_total, currency")  # fmt: skip
        by_sql(f"INSERT INTO orders_orderline (order_id, {rest})"
               f" SELECT %s, {rest} FROM orders_orderline", key)  # fmt: skip
        assert look("order", [key]) == ONE
        assert (versions(key), parked()) == ([(1, "changed_outside")], [])


class TestDeletion:
    def test_gives_back_what_the_order_reserved(self):
        lamp = product(5)
        key = order(line(lamp, 2))
        delete_order(key)
        assert look("order", [key]) == ONE
        assert stock(lamp) == (5, 0, 3)
        [(version, before, after)] = outside_events(key)
        assert (version, before["status"], after) == (2, "pending", None)
        assert list(audit()) == []

    def test_lets_an_import_create_the_order_again(self):
        key, ada = uuid7(), customer()
        payload = {**content(ada), "order_id": key, "ordered_at": "2020-01-01T00:00:00Z"}
        assert accepted(ImportOrder, **payload).version == 1
        delete_order(key)
        again = accepted(ImportOrder, **payload)
        assert (again.version, again.is_new) == (3, True)
        assert versions(key) == [(1, "created"), (2, "changed_outside"), (3, "created")]
        assert bus.send(ConfirmOrder, {"order_id": key}).value.version == 4
        assert everything_fits()

    def test_is_not_seen_by_orders_of_the_product_that_is_gone(self):
        lamp = product(5)
        delete_stock(lamp)
        key = accepted(CreateOrder, **content(customer(), line(lamp, 9))).id
        assert accepted(CancelOrder, order_id=key).status == "cancelled"
        assert look("stock", [lamp]) == ONE
