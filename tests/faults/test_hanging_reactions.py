"""Mail server and webhook accept connections and answer nothing: projecting goes on."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from cqrs.messaging.ids import uuid7
from tests.faults.celery_worker import REACTIONS, CeleryWorker
from tests.faults.conftest import OutageDesk
from tests.support.desk import Desk, order_body, registered, served_desk, wait_for
from tests.support.templates import served_postgres

CUSTOMERS = 12
READ_S = 5  # one call to the mail server hangs for ten seconds
ONE_SLOT = ("--concurrency", "1")  # so that one reaction that hangs there would hold them all
HANGING = """
SELECT reaction FROM cqrs_reactionwork WHERE attempts > 0 AND error = '' ORDER BY reaction
"""
TOKEN = "X-Consistency-Token"


@contextmanager
def hanging_servers() -> Iterator[dict[str, str]]:
    """Yield the settings of a mail server and a webhook that do not answer."""
    with (
        socket.create_server(("127.0.0.1", 0)) as mail,
        socket.create_server(("127.0.0.1", 0)) as hook,
    ):
        yield {
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mail.getsockname()[1]),
            "MARKETING_WEBHOOK_URL": f"http://127.0.0.1:{hook.getsockname()[1]}/",
        }


def reads_its_writes(desk: Desk, api: httpx.Client) -> None:
    """Let a reaction hang at each write, and read it within `READ_S`."""
    for _ in range(CUSTOMERS):
        wait_for(lambda: desk.sql("default", HANGING))
        buyer = registered(api, f"{uuid7()}@example.com")
        placed = api.post("/api/orders", json=order_body(buyer))
        path = placed.headers["Location"]
        for change in ("confirm", "ship"):
            changed = api.post(f"{path}/{change}")
            assert changed.status_code == 200, changed.text
        headers = {TOKEN: changed.headers[TOKEN], "Prefer": f"wait={READ_S}"}
        answer = api.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "shipped"


def assert_projecting_goes_on(desk: Desk) -> None:
    with desk.client() as api:
        registered(api, f"{uuid7()}@example.com")
        wait_for(lambda: ("send_welcome_email",) in desk.sql("default", HANGING))
        reads_its_writes(desk, api)
        # The one reaction that calls no server goes on, too.
        profiles = "SELECT count(*) FROM customers_customerprofile"
        written = "SELECT count(*) FROM cqrs_event WHERE type = 'customers.customer_registered'"
        imported = " AND metadata ->> 'origin' = 'import'"
        [(count,)] = desk.sql("default", written)
        [(skipped,)] = desk.sql("default", written + imported)
        wait_for(lambda: desk.sql("default", profiles) == [(count - skipped,)])


class TestHangingReactions:
    @pytest.mark.timeout(300)
    def test_hold_no_slot_of_the_celery_worker_that_projects(
        self, any_outage_desk: OutageDesk
    ) -> None:
        with hanging_servers() as settings:
            any_outage_desk.heal(WORKER="0")
            desk = any_outage_desk.desk
            workers = [
                CeleryWorker(desk, 0, *ONE_SLOT, with_=settings),
                CeleryWorker(desk, 1, *REACTIONS, with_=settings),
            ]
            try:
                assert_projecting_goes_on(desk)
            finally:
                for worker in workers:
                    worker.kill()

    @pytest.mark.timeout(300)
    def test_hold_no_thread_that_projects_in_process(self) -> None:
        with (
            hanging_servers() as settings,
            served_postgres() as postgres,
            served_desk(**postgres.variables, **settings) as desk,
        ):
            desk.start()
            assert_projecting_goes_on(desk)
