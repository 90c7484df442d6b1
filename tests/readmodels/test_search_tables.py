"""The search tables: written with the names alone, and filled by the migration that made them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from readmodels.models import (
    CustomerReadModel,
    CustomerSearch,
    OrderReadModel,
    OrderSearch,
    StockReadModel,
    StockSearch,
)
from tests.readmodels.built import filled, nothing_is_left, projections
from tests.readmodels.log import Log

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
        assert [row.pk for row in OrderReadModel.objects.matching(words)] == [order]
        assert [row.pk for row in CustomerReadModel.objects.matching(words)] == [ada]
        assert [row.pk for row in StockReadModel.objects.matching(words)] == [lamp]


@pytest.fixture
def migrate() -> Iterator[Callable[[str], None]]:
    def to(name: str) -> None:
        call_command("migrate", "readmodels", name, database="replica", verbosity=0)

    yield to
    to("0006")


@pytest.mark.django_db(transaction=True, databases=BOTH)
@pytest.mark.usefixtures(nothing_is_left.__name__)
class TestMigration:
    def test_moves_the_texts_there_and_back(
        self, migrate: Callable[[str], None], settings: Any
    ) -> None:
        settings.CQRS = {**settings.CQRS, "AUDITS": []}  # the log here has no write side
        filled()
        models = (OrderSearch, CustomerSearch, StockSearch)
        before = [list(model.objects.order_by("id").values()) for model in models]
        assert [len(rows) for rows in before] == [30, 30, 30]
        migrate("0005")
        with connections["replica"].cursor() as cursor:
            cursor.execute("SELECT id, search_text FROM read_orders ORDER BY id")
            texts = cursor.fetchall()
        assert texts == [(row["id"], row["search_text"]) for row in before[0]]
        migrate("0006")
        assert [list(model.objects.order_by("id").values()) for model in models] == before
        assert "Everything agrees" in projections("verify")
