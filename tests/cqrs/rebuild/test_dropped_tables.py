"""A read table that was dropped comes back by a rebuild, with its indexes."""

import pytest
from django.core.management import call_command
from django.db import connections

from readmodels.models import OrderReadModel
from readmodels.tasks import project
from tests.http.api import Api, assert_problem
from tests.support.scenarios import order

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

INDEXES = """
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s ORDER BY indexname
"""


def on_replica(statement: str, *parameters: str) -> list[tuple[str]]:
    with connections["replica"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


class TestDroppedTable:
    @pytest.mark.parametrize("table", ["read_orders", "read_order_search"])
    def test_is_made_by_a_rebuild(self, client, table: str):
        order_id = order()
        project()
        before = on_replica(INDEXES, table)
        assert before
        on_replica(f"DROP TABLE {table}")
        if table == "read_orders":
            answer = Api(client).get(f"/api/orders/{order_id}")
            assert_problem(answer, 503, "read_side_unavailable")
        call_command("projections", "rebuild", "orders")
        assert Api(client).get(f"/api/orders/{order_id}").json()["id"] == str(order_id)
        assert on_replica(INDEXES, table) == before
        assert OrderReadModel.objects.count() == 1
        call_command("projections", "verify", "orders")
        call_command("projections", "rebuild", "orders", "--discard")
