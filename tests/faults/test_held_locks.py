"""A lock that is held from outside stops what needs it, for a short time, and nothing else."""

from functools import partial

import httpx
import psycopg

from cqrs.messaging.ids import uuid7
from tests.faults.slowness import codes, meanwhile, place, timed
from tests.support.desk import Desk, registered, wait_for
from tests.support.sides import is_level

SOME = 4  # of 8 threads
SLACK_S, AT_ONCE_S = 1.5, 1.9  # on a busy machine; to wait for the lock takes two seconds


class TestHeldRow:
    def test_is_busy_for_its_own_commands_alone(self, desk: Desk, api: httpx.Client, customer: str):
        other = registered(api, f"{uuid7()}@example.com")
        with psycopg.connect(desk.database_url("default")) as stranger:
            hold = "SELECT FROM customers_customer WHERE id = %s FOR UPDATE"
            stranger.execute(hold, [customer])
            with meanwhile(*[partial(place, api, customer)] * 8) as held:
                beside = [timed(partial(place, api, other)) for _ in range(5)]
            stranger.rollback()
        assert codes(held) == {(503, "busy")}
        assert max(each.seconds for each in held) < 2 + SLACK_S
        assert sum(each.seconds > 1.9 for each in held) == 2
        assert {each.status for each in beside} == {201}
        assert max(each.seconds for each in beside) < 1 + SLACK_S
        assert place(api, customer).status_code == 201


class TestLockedReadTable:
    def test_is_unavailable_for_its_own_queries_alone(
        self, desk: Desk, api: httpx.Client, customer: str
    ):
        order = place(api, customer).json()["id"]
        wait_for(lambda: is_level(desk))
        with psycopg.connect(desk.database_url("replica")) as stranger:
            stranger.execute("LOCK TABLE read_orders IN ACCESS EXCLUSIVE MODE")
            with meanwhile(*[partial(api.get, f"/api/orders/{order}")] * SOME) as reads:
                beside = [timed(partial(api.get, "/api/products")) for _ in range(5)]
            stranger.rollback()
        assert codes(reads) == {(503, "read_side_unavailable")}
        assert max(each.seconds for each in reads) < 2 + SLACK_S
        assert {each.status for each in beside} == {200}
        assert max(each.seconds for each in beside) < AT_ONCE_S
