"""Every ordering has an index, so that a page costs the same however many rows there are."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from readmodels.queries import GetProductSales, ListCustomers, ListOrders, ListStock
from tests.readmodels.queries.asking import orderings, page_of

pytestmark = pytest.mark.postgresql_version

ORDERINGS = [
    (query, ordering)
    for query in (ListOrders, ListCustomers, ListStock, GetProductSales)
    for ordering in orderings(query)
]


@pytest.fixture
def plans() -> Iterator[list[str]]:
    """Explain what is executed, where PostgreSQL sorts only if it has no other way."""
    found: list[str] = []
    connection = connections["replica"]

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN {sql}", params)
        found.extend(row[0] for row in cursor.fetchall())
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    with connection.execute_wrapper(note):
        yield found


@pytest.mark.django_db(databases=["default", "replica"])
@pytest.mark.parametrize(("query", "ordering"), ORDERINGS)
def test_nothing_is_sorted(plans: list[str], query: Any, ordering: str) -> None:
    page_of(query, ordering=ordering, cursor="")
    assert plans
    assert not [line for line in plans if "Sort" in line]
