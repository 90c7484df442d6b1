"""The migrations that add the digests seal what is as the log says, and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest

from cqrs.adoption.adopting import Looked
from cqrs.adoption.folding import Folded, folded
from cqrs.adoption.looking import look
from cqrs.adoption.scanning import scan
from cqrs.adoption.sealing import seal_rows
from customers.models import Customer
from orders.commands import SetStock
from orders.models import Order, StockItem
from tests.support.migrating import migrate, migrate_to_the_latest
from tests.support.outside import by_sql, everything_fits, rename
from tests.support.scenarios import accepted, customer, line, order, product

pytestmark = [
    pytest.mark.administrator,
    pytest.mark.bypasses_events,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def written() -> Iterator[None]:
    """Customers, orders and stock that a build without digests has written."""
    lamp = product(9)
    for status in ("pending", "shipped"):
        order(line(lamp, 2), line(), status=status)
    migrate("customers", "0002_email_key")
    migrate("orders", "0001_initial")
    yield
    migrate_to_the_latest("customers", "orders")


class TestMigration:
    def test_seals_rows_that_are_as_the_log_says(self, written: None):
        migrate_to_the_latest("customers", "orders")
        assert everything_fits()

    def test_leaves_a_row_that_differs_to_the_next_look(self, written: None):
        by_sql("UPDATE orders_stockitem SET on_hand = 8")
        by_sql("UPDATE orders_orderline SET product_name = 'X'")
        migrate_to_the_latest("customers", "orders")
        assert not Customer.objects.filter(digest=None).exists()
        assert not Order.objects.exclude(digest=None).exists()
        assert not StockItem.objects.exclude(digest=None).exists()
        assert sum((each.looked for each in scan()), Looked()) == Looked(adopted=3)
        assert everything_fits()

    def test_leaves_what_a_command_changes_meanwhile(self, monkeypatch: pytest.MonkeyPatch):
        lamp, desk = product(5), product(5)
        by_sql("UPDATE orders_stockitem SET digest = NULL")

        def with_a_command(*asked: Any) -> Folded:
            found = folded(*asked)
            accepted(SetStock, product_id=lamp, on_hand=5)
            by_sql("UPDATE orders_stockitem SET digest = NULL")  # as an earlier build leaves it
            return found

        monkeypatch.setattr("cqrs.adoption.sealing.folded", with_a_command)
        seal_rows("stock", StockItem)
        assert list(StockItem.objects.filter(digest=None).values_list("pk", flat=True)) == [lamp]
        assert look("stock", [lamp, desk]) == Looked(sealed=1)

    def test_can_be_repeated_and_goes_in_chunks(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("cqrs.adoption.sealing.CHUNK", 2)
        keys = [customer() for _ in range(5)]
        by_sql("UPDATE customers_customer SET digest = NULL")
        rename(keys[0], "X")
        for _ in range(2):
            seal_rows("customer", Customer)
            unsealed = Customer.objects.filter(digest=None).values_list("pk", flat=True)
            assert list(unsealed) == [keys[0]]
