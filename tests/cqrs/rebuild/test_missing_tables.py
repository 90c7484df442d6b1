"""A read table that was dropped: a rebuild makes it again, and nothing else can."""

import pytest
from django.db import connections

from cqrs.operations.worker import project
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from cqrs.rebuild.missing_tables import restore_missing_tables
from readmodels.models import OrderReadModel
from readmodels.projections import PROJECTIONS
from tests.support.built import filled, nothing_is_left, projections  # noqa: F401
from tests.support.waiting import BOTH

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=BOTH),
    pytest.mark.usefixtures("no_reactions", "nothing_is_left"),
]
ORDERS, *OTHERS = PROJECTIONS
INDEXES = (
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s ORDER BY 1"
)


def ask(sql: str, *parameters: str) -> list[tuple[str, ...]]:
    with connections["replica"].cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("table", ["read_orders", "read_order_search"])
class TestDroppedTable:
    def test_is_made_again_by_a_rebuild(self, table: str) -> None:
        log = filled()
        before, indexes = list(OrderReadModel.objects.order_by("pk").values()), ask(INDEXES, table)
        ask(f"DROP TABLE {table}")
        log.order(log.customer())
        log.published()
        with pytest.raises(ExceptionGroup):
            project(PROJECTIONS)
        runner.paused.clear()
        assert "swapped" in projections("rebuild", "orders")
        rows = list(OrderReadModel.objects.order_by("pk").values())
        assert len(rows) == 31
        assert [row for row in rows if row in before] == before
        assert ask(INDEXES, table) == indexes
        assert ParkedEvent.objects.count() == 0
        project(PROJECTIONS)
        assert {at for each in PROJECTIONS for at in runner.positions(each)} == {
            event.position for event in log.sequenced()[-1:]
        }


def test_nothing_is_reset_while_all_tables_are_there() -> None:
    filled()
    assert not restore_missing_tables(ORDERS)
    assert min(runner.positions(ORDERS)) > 0
