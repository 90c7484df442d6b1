"""Rows that another transaction has locked do not hold up the others."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from cqrs.adoption.adopting import Looked
from cqrs.adoption.busy import MAX_BUSY, LookedPast, look_past_busy
from cqrs.adoption.scanning import scan
from tests.faults.traffic import url
from tests.support.outside import by_sql, outside_events
from tests.support.scenarios import customer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.bypasses_events]


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cqrs.adoption.looking.LOCK_TIMEOUT_MS", 50)


@pytest.fixture
def holder() -> Iterator[psycopg.Connection]:
    with psycopg.connect(url("default")) as connection:
        yield connection
        connection.rollback()


def changed(count: int) -> list[UUID]:
    """Return customers whose rows were changed outside, in the order of their ids."""
    ids = sorted(customer() for _ in range(count))
    by_sql("UPDATE customers_customer SET name = 'Outside'")
    return ids


def lock(holder: psycopg.Connection, *ids: UUID) -> None:
    holder.execute("SELECT FROM customers_customer WHERE id = ANY(%s) FOR UPDATE", [list(ids)])


class TestLookPastBusy:
    def test_adopts_the_others_and_names_the_locked_row(self, holder: psycopg.Connection):
        first, second, third = changed(3)
        lock(holder, second)
        found = look_past_busy("customer", [first, second, third])
        assert found == LookedPast(Looked(adopted=2), frozenset({second}))
        assert [len(outside_events(key)) for key in (first, second, third)] == [1, 0, 1]

    def test_waits_for_some_rows_and_leaves_the_rest(self, holder: psycopg.Connection):
        ids = changed(MAX_BUSY + 2)
        lock(holder, *ids[:MAX_BUSY])
        assert look_past_busy("customer", ids) == LookedPast(Looked(), frozenset(ids))

    def test_of_a_scan_names_the_locked_rows(self, holder: psycopg.Connection):
        first, second = changed(2)
        lock(holder, first)
        found = [each for each in scan() if each.busy or each.looked.adopted]
        assert [(each.looked.adopted, each.busy) for each in found] == [(1, frozenset({first}))]
        assert len(outside_events(second)) == 1
