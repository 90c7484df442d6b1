"""A query can choose its columns by the version of the serving tables, at no statement more."""

from typing import Any

import orjson
import pytest

from cqrs.messaging import bus
from cqrs.messaging.results import Ok, Result
from cqrs.projections.lag import MEMO_S, read_lag, serving_version
from cqrs.queries.compiled import fetch
from cqrs.rebuild.rebuild import rebuild, roll_back
from readmodels.queries.get_order_by_id import GetOrderById
from tests.support.built import filled, nothing_is_left, silent
from tests.support.desk import wait_for
from tests.support.faults import handled_by
from tests.support.order_versions import V3, build_of_both

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
]
MADE_BY = "SELECT document::jsonb ->> 'made_by' FROM read_orders WHERE id = %s"
STATUS = "SELECT status FROM read_orders WHERE id = %s"


def by_version(query: GetOrderById) -> Result[Any]:
    """Read what only version 3 writes where it serves, and else what version 2 writes, too."""
    version = serving_version(GetOrderById.projection)
    rows = fetch(MADE_BY if version == 3 else STATUS, query.order_id)
    return Ok(orjson.dumps([version, rows[0][0]]))


class TestServingVersion:
    def test_is_none_before_the_first_run(self) -> None:
        assert serving_version("orders") is None

    def test_is_seen_by_a_query_before_and_after_a_swap_and_back(self) -> None:
        key = next(iter(filled().orders))

        def answer() -> Any:
            read_lag.forget()
            return orjson.loads(bus.ask(GetOrderById, {"order_id": key}).value)

        with build_of_both(), handled_by(GetOrderById, by_version):
            assert answer() == [2, "pending"]
            rebuild(V3, silent, accept_changes=True)
            assert answer() == [3, "3"]
            roll_back(V3)
            assert answer() == [2, "pending"]

    def test_costs_no_statement_beside_the_lag(self, django_assert_num_queries: Any) -> None:
        filled()
        with django_assert_num_queries(1, using="replica"):
            assert read_lag.ms("orders") is not None
            assert serving_version("orders") == 2

    def test_follows_a_swap_by_itself(self) -> None:
        filled()
        assert serving_version("orders") == 2
        with build_of_both():
            rebuild(V3, silent, accept_changes=True)
        wait_for(lambda: serving_version("orders") == 3, MEMO_S + 5)
