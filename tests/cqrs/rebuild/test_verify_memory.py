"""Verifying needs the memory of a chunk, however many rows there are and however many differ."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from cqrs.rebuild import comparison
from cqrs.rebuild import verify as module
from cqrs.rebuild.table_copies import Slot, TableCopy
from cqrs.rebuild.verify import verify
from readmodels.models import OrderReadModel
from readmodels.projections import PROJECTIONS
from tests.support.built import nothing_is_left

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
]
ORDERS = PROJECTIONS[0]
CHUNK, ROWS = 250, 5_000
CHUNK_BYTES = 8_000_000
ORDER = """
INSERT INTO {schema}.read_orders
    (id, customer_id, customer_name, customer_email, status, currency, total_amount, item_count,
     order_date, updated_at, document, version, position)
SELECT md5(n::text)::uuid, md5((n % 97)::text)::uuid, 'Ada', 'ada@example.com', '{status}', 'USD',
       n, 1, '2026-01-01', '2026-01-01', repeat('{status} ', 250), 1, 0
FROM generate_series(1, {rows}) AS n
"""


def insert(schema: str, status: str) -> None:
    with connections["replica"].cursor() as cursor:
        cursor.execute(ORDER.format(schema=schema, status=status, rows=ROWS))


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the log say that the orders, which it knows nothing of, have a status."""
    monkeypatch.setattr(comparison, "CHUNK", CHUNK)
    monkeypatch.setattr(module, "REPAIR_BATCH", CHUNK)
    create = TableCopy.create

    def say(status: str) -> None:
        def create_with_rows(build: TableCopy, *arguments: Any, **options: Any) -> None:
            create(build, *arguments, **options)
            insert(build.schema, status)

        monkeypatch.setattr(TableCopy, "create", create_with_rows)

    return say


def peak_and_count(**how: Any) -> tuple[int, int]:
    """Return the most bytes that verifying held at once, and the number of differences."""
    tracemalloc.start()
    try:
        count = sum(1 for _ in verify(ORDERS, lambda *_: None, **how))
        return tracemalloc.get_traced_memory()[1], count
    finally:
        tracemalloc.stop()


class TestMemory:
    def test_is_next_to_none_for_equal_tables(self, says: Callable[[str], None]) -> None:
        insert("public", "pending")
        says("pending")
        peak, count = peak_and_count()
        assert count == 0
        assert peak < CHUNK_BYTES / 20

    @pytest.mark.parametrize("repair", [False, True])
    def test_is_that_of_a_chunk_when_everything_differs(
        self, says: Callable[[str], None], repair: bool
    ) -> None:
        insert("public", "pending")
        says("shipped")
        peak, count = peak_and_count(repair=repair)
        assert count == ROWS
        assert peak < CHUNK_BYTES
        mended = OrderReadModel.objects.filter(status="shipped").count()
        assert mended == (ROWS if repair else 0)

    def test_leaves_nothing_when_the_caller_stops_early(self, says: Callable[[str], None]) -> None:
        insert("public", "pending")
        says("shipped")
        for _ in verify(ORDERS, lambda *_: None):
            break
        assert not TableCopy(ORDERS, Slot.CHECK).exists()
