"""What no one may guess is parked with a reason, until a person has put it in order."""

from uuid import UUID

import pytest

from cqrs.adoption.adapter import watched_tables
from cqrs.adoption.adopting import Looked
from cqrs.adoption.looking import look
from cqrs.adoption.parking import park
from cqrs.adoption.scanning import scan
from cqrs.messaging.ids import uuid7
from cqrs.models import ParkedChange
from customers.models import Customer
from tests.support.outside import by_sql, outside_events, parked, rename, versions
from tests.support.scenarios import customer, order

pytestmark = [pytest.mark.django_db, pytest.mark.bypasses_events]

PARKED = Looked(parked=1)


def scanned(**options: bool) -> Looked:
    return sum((each.looked for each in scan(**options)), Looked())


class TestLook:
    @pytest.mark.parametrize(
        ("statement", "reason"),
        [
            ("UPDATE orders_order SET customer_id = gen_random_uuid()",
             "the order was given to another customer"),
            ("UPDATE orders_order SET total_amount = total_amount + 1",
             "the lines of the order do not make up its total"),
            ("UPDATE orders_orderline SET line_total = line_total + 1",
             "the lines of the order do not make up its total"),
            ("UPDATE orders_orderline SET line_total = 'NaN'",
             "the lines of the order do not make up its total"),
            ("DELETE FROM orders_orderline", "the lines of the order do not make up its total"),
            ("UPDATE orders_order SET currency = 'EUR'",
             "the currencies of the order and its lines do not agree, or do not exist"),
            ("UPDATE orders_order SET currency = 'X'",
             "the currencies of the order and its lines do not agree, or do not exist"),
            ("UPDATE orders_orderline SET unit_price = 'NaN'", "a price is no number"),
            ("UPDATE orders_order SET order_date = 'infinity'",
             "the tables do not allow it: a value is unreadable"),
        ],
    )  # fmt: skip
    def test_parks_what_makes_no_sense(self, statement: str, reason: str):
        key, others = order(), [order(), order()]
        column = "order_id" if "orderline" in statement else "id"
        by_sql(f"{statement} WHERE {column} = %s", key)
        assert look("order", [key, *others]) == PARKED
        assert look("order", [key]) == PARKED
        assert parked() == [("order", key, reason)]
        assert versions(key) == [(1, "created")]

    def test_adopts_the_rest_of_the_chunk(self):
        key, other = order(), order()
        by_sql("UPDATE orders_order SET carrier = 'DHL'")
        by_sql("UPDATE orders_order SET order_date = 'infinity' WHERE id = %s", key)
        assert look("order", [key, other]) == Looked(adopted=1, parked=1)
        assert outside_events(other)[0][2]["carrier"] == "DHL"

    def test_takes_the_parked_row_away_when_the_row_is_repaired(self):
        key = order()
        by_sql("UPDATE orders_order SET total_amount = total_amount + 1")
        look("order", [key])
        by_sql("UPDATE orders_order SET total_amount = total_amount - 1")
        assert look("order", [key]) == Looked()
        assert parked() == []

    def test_adopts_what_has_come_to_make_sense(self):
        key = order()
        by_sql("UPDATE orders_order SET total_amount = 12")
        look("order", [key])
        by_sql("UPDATE orders_orderline SET line_total = 12, unit_price = 12")
        assert look("order", [key]) == Looked(adopted=1)
        assert parked() == []

    def test_keeps_the_time_of_what_stays_parked(self):
        key = order()
        by_sql("UPDATE orders_order SET total_amount = 12")
        look("order", [key])
        before = ParkedChange.objects.get()
        look("order", [key])
        assert ParkedChange.objects.get() == before


class TestPark:
    def changed_key(self) -> tuple[UUID, UUID]:
        old, new = customer(), uuid7()
        by_sql("UPDATE customers_customer SET id = %s WHERE id = %s", new, old)
        for each in (old, new):
            park("customer", each, "its key was changed")
        return old, new

    def test_keeps_looks_from_guessing(self):
        keys = self.changed_key()
        assert look("customer", keys) == Looked(parked=2)
        assert scanned() == Looked(parked=2)
        assert [reason for _, _, reason in parked()] == ["its key was changed"] * 2
        assert [versions(key) for key in keys] == [[(1, "registered")], []]

    def test_ends_when_the_rows_are_as_they_were(self):
        old, new = self.changed_key()
        by_sql("UPDATE customers_customer SET id = %s", old)
        assert look("customer", [old, new]) == Looked()
        assert parked() == []

    def test_ends_when_a_person_accepts_what_is_there(self):
        old, new = self.changed_key()
        assert scanned(accept_held=True) == Looked(adopted=2)
        assert versions(old) == [(1, "registered"), (2, "changed_outside")]
        assert versions(new) == [(1, "changed_outside")]
        assert parked() == []

    def test_of_all_rows_keeps_missing_ones_from_being_taken_for_deleted(self):
        gone, changed = customer(), customer()
        by_sql("DELETE FROM customers_customer WHERE id = %s", gone)
        park("customer", None, "the table was truncated")
        rename(changed, "Grace")
        assert scanned() == Looked(adopted=1, parked=1)
        assert parked() == [("customer", None, "the table was truncated")]
        assert versions(gone) == [(1, "registered")]

    def test_of_all_rows_ends_when_they_are_back(self):
        customer()
        rows = list(Customer.objects.values())
        by_sql("DELETE FROM customers_customer")
        park("customer", None, "the table was truncated")
        assert scanned() == Looked(parked=1)
        Customer.objects.bulk_create(Customer(**row) for row in rows)
        assert scanned() == Looked()
        assert parked() == []

    def test_of_all_rows_ends_when_a_person_accepts_it(self):
        gone = customer()
        by_sql("DELETE FROM customers_customer")
        park("customer", None, "the table was truncated")
        assert scanned(accept_held=True) == Looked(adopted=1)
        assert (parked(), versions(gone)[-1]) == ([], (2, "changed_outside"))

    def test_still_holds_what_a_look_cannot_read(self):
        key = customer()
        park("customer", key, "its key was changed")
        by_sql("UPDATE customers_customer SET registered_at = 'infinity'")
        assert look("customer", [key]) == PARKED
        by_sql("UPDATE customers_customer SET registered_at = '2020-01-01'")
        assert look("customer", [key]) == PARKED
        assert versions(key) == [(1, "registered")]

    def test_says_once_why(self):
        key = customer()
        park("customer", key, "one")
        park("customer", key, "two")
        assert parked() == [("customer", key, "two")]


class TestWatchedTables:
    def test_are_those_of_all_aggregates(self):
        assert watched_tables() == {
            "customers_customer": ("customer", "id"),
            "orders_order": ("order", "id"),
            "orders_orderline": ("order", "order_id"),
            "orders_stockitem": ("stock", "id"),
        }
