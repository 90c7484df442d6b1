"""The search tables are written when a name changes, and only then."""

import pytest
from django.db import connections

from cqrs.queries.specifications import containing
from readmodels.models import (
    CustomerReadModel,
    OrderReadModel,
    StockReadModel,
)
from tests.support.log import Log

BOTH = ["default", "replica"]
TABLES = ("read_order_search", "read_customer_search", "read_stock_search")


def places() -> dict[str, list[tuple[str, str]]]:
    """Return where each row is stored: a row that is written again is somewhere else."""
    found = {}
    with connections["replica"].cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT id::text, ctid::text || xmax::text FROM {table} ORDER BY id")
            found[table] = cursor.fetchall()
    return found


@pytest.mark.django_db(databases=BOTH)
class TestSearchTables:
    def test_are_not_written_by_what_changes_no_name(self, log: Log) -> None:
        customer, lamp = log.customer("Ada"), log.stock(on_hand=5)
        order = log.order(customer)
        log.projected()
        before = places()
        assert [len(rows) for rows in before.values()] == [1, 1, 1]
        log.confirm(order)
        log.reserve(lamp, 2)
        log.ship(order)
        log.projected()
        assert places() == before

    def test_are_written_where_the_name_is_new(self, log: Log) -> None:
        ada, bo = log.customer("Ada"), log.customer("Bo")
        orders = [log.order(ada), log.order(bo)]
        log.projected()
        before = places()
        log.rename(ada, "Augusta")
        log.projected()
        now = places()
        renamed = {
            table: {key for (key, old), (_, new) in zip(before[table], now[table], strict=True)
                    if old != new}
            for table in TABLES
        }  # fmt: skip
        assert renamed == {
            "read_order_search": {str(orders[0])},
            "read_customer_search": {str(ada)},
            "read_stock_search": set(),
        }

    @pytest.mark.parametrize("words", ["AUG ada@", "ada@ aug"])
    def test_find_a_row_by_all_of_the_words(self, log: Log, words: str) -> None:
        ada, other = log.customer("Augusta", "ada@example.com"), log.customer("Augusta", "b@b.org")
        order, _ = log.order(ada), log.order(other)
        lamp, _ = log.stock(name="Augur ada@"), log.stock(name="Augur")
        log.projected()
        assert [row.pk for row in OrderReadModel.objects.filter(containing(words))] == [order]
        assert [row.pk for row in CustomerReadModel.objects.filter(containing(words))] == [ada]
        assert [row.pk for row in StockReadModel.objects.filter(containing(words))] == [lamp]
