"""A database that hangs, or only reads, costs its own side seconds and the other one nothing."""

from collections.abc import Callable
from functools import partial

import httpx
import psycopg

from tests.faults.conftest import OutageDesk
from tests.faults.slowness import at_once, codes, meanwhile, place, timed
from tests.support.desk import PASSWORD, Desk, wait_for
from tests.support.servers import PrivatePostgres
from tests.support.sides import assert_agree, is_level

SOME = 4  # of 8 threads
MANY = 10  # more than there are threads
STATEMENT_S, CONNECT_S, SLACK_S = 6.0, 3.0, 5.0
AT_ONCE_S = 2.0  # on a busy machine; to connect, or to wait for the server, takes longer
UNAVAILABLE = {(503, "write_side_unavailable")}
BUSY = {(503, "busy")}
LOGIN = {"username": "admin", "password": PASSWORD}


def checks(api: httpx.Client) -> tuple[int, dict[str, str]]:
    """Return what is answered to many probes that come at the same time."""
    ready = at_once(*[partial(api.get, "/health/ready")] * MANY)
    assert max(each.seconds for each in ready) < STATEMENT_S - 1
    first, *others = [(each.status, each.answer.json()["checks"]) for each in ready]
    assert others == [first] * (MANY - 1)
    return first


def refused(desk: Desk) -> int:
    """Return how many requests have got no thread."""
    return desk.log.count("request_refused")


def administer(server: PrivatePostgres, *statements: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


class TestHungWriteDatabase:
    def test_is_given_up_and_costs_reading_nothing(
        self, outage: OutageDesk, desk: Desk, api: httpx.Client, customer: str
    ):
        write: Callable[[], httpx.Response] = partial(place, api, customer)
        assert codes(at_once(*[write] * SOME)) == {(201, "")}
        wait_for(lambda: is_level(desk))
        read = partial(api.get, f"/api/customers/{customer}/orders")
        outage.write.hang()
        before = refused(desk)
        scrape = partial(httpx.get, f"{desk.url}/metrics", timeout=30)
        with meanwhile(*[write] * MANY, scrape, scrape) as answers:
            wait_for(lambda: refused(desk) > before)  # all threads that writes may use hang
            reads = [timed(read) for _ in range(20)]
            assert checks(api) == (
                200, {"write_database": "down", "read_database": "up", "redis": "up"},
            )  # fmt: skip
        assert {each.status for each in reads} == {200}
        assert max(each.seconds for each in reads) < AT_ONCE_S
        written, scraped = answers[:MANY], answers[MANY:]
        assert codes(scraped) == {(200, "")}
        assert BUSY < codes(written) <= BUSY | UNAVAILABLE | {(503, "outcome_unknown")}
        assert max(each.seconds for each in written) < STATEMENT_S + CONNECT_S + SLACK_S

        # The other threads have connections that get no answer either, and do not try them.
        later = at_once(*[write] * SOME, lambda: api.post("/api/auth/token", json=LOGIN))
        assert codes(later) == UNAVAILABLE
        quick = [each for each in later if each.seconds < AT_ONCE_S]
        assert len(quick) >= SOME, later  # one tries again whether it answers
        assert max(each.seconds for each in later) < CONNECT_S + SLACK_S

        outage.write.resume()
        wait_for(lambda: write().status_code == 201)
        wait_for(lambda: is_level(desk))
        assert_agree(desk)


class TestHungReadDatabase:
    def test_is_given_up_and_costs_writing_nothing(
        self, outage: OutageDesk, desk: Desk, api: httpx.Client, customer: str
    ):
        order = place(api, customer).json()["id"]
        wait_for(lambda: is_level(desk))
        read = partial(api.get, f"/api/orders/{order}")
        outage.read.hang()
        before = refused(desk)
        with meanwhile(*[read] * MANY) as reads:
            wait_for(lambda: refused(desk) > before)  # all threads that reads may use hang
            writes = [timed(partial(place, api, customer)) for _ in range(10)]
            assert checks(api)[0] == 503
        assert {each.status for each in writes} == {201}
        assert max(each.seconds for each in writes) < AT_ONCE_S
        assert codes(reads) == BUSY | {(503, "read_side_unavailable")}
        assert max(each.seconds for each in reads) < 2 * STATEMENT_S + SLACK_S

        later = at_once(*[read] * SOME)
        assert codes(later) == {(503, "read_side_unavailable")}
        assert sum(each.seconds < AT_ONCE_S for each in later) >= SOME - 1, later
        outage.read.resume()
        wait_for(lambda: read().status_code == 200)
        wait_for(lambda: is_level(desk))
        assert_agree(desk)


class TestDemotedWriteDatabase:
    def test_is_said_and_left_when_it_takes_writes_again(
        self, outage: OutageDesk, desk: Desk, api: httpx.Client, customer: str
    ):
        write = partial(place, api, customer)
        only_read = "ALTER SYSTEM SET default_transaction_read_only = on"
        administer(outage.write, only_read, "SELECT pg_reload_conf()")
        wait_for(lambda: write().status_code == 503)
        found = at_once(*[write] * SOME)
        assert codes(found) == UNAVAILABLE
        assert max(each.seconds for each in found) < AT_ONCE_S
        assert checks(api) == (
            200, {"write_database": "read only", "read_database": "up", "redis": "up"},
        )  # fmt: skip
        again = "ALTER SYSTEM RESET default_transaction_read_only"
        administer(outage.write, again, "SELECT pg_reload_conf()")
        wait_for(lambda: write().status_code == 201)
        assert codes(at_once(*[write] * SOME)) == {(201, "")}
        wait_for(lambda: is_level(desk))  # the workers' sessions, too
        assert_agree(desk)
