"""Rows that were changed outside while a transaction has them locked: the others do not wait."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from cqrs.messaging.ids import uuid7
from tests.cdc.adopted import wait_until_looked_at
from tests.support.capturing import CaptureProcess
from tests.support.desk import Desk, registered, wait_for

NAME = "SELECT name FROM read_customers WHERE id = %s"
CHANGE = "UPDATE customers_customer SET name = 'Outside' WHERE id = %s"
LOCK = "SELECT FROM customers_customer WHERE id = %s FOR UPDATE"
QUEUED = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"


@contextmanager
def changed_and_locked(desk: Desk, customer: str) -> Iterator[None]:
    """Change a row outside, and hold its lock from the moment of that commit."""
    url = desk.database_url("default")
    with psycopg.connect(url) as writer, psycopg.connect(url) as holder:
        writer.execute(CHANGE, [customer])
        queued = threading.Thread(target=holder.execute, args=(LOCK, [customer]))
        queued.start()
        wait_for(lambda: desk.sql("default", QUEUED, holder.info.backend_pid))
        writer.commit()
        queued.join()
        yield
        holder.rollback()


def is_adopted(desk: Desk, customer: str) -> bool:
    return desk.sql("replica", NAME, customer) == [("Outside",)]


class TestLockedRow:
    def test_does_not_hold_up_the_others_and_is_adopted_after_a_kill(
        self, desk: Desk, capture: CaptureProcess
    ):
        capture.start()
        wait_for(lambda: capture.row()["scan_due"] is False, 60)
        with desk.client() as api:
            locked, free = [registered(api, f"{uuid7()}@example.com") for _ in range(2)]
        with changed_and_locked(desk, locked):
            with psycopg.connect(desk.database_url("default")) as writer:
                writer.execute(CHANGE, [free])
            wait_for(lambda: is_adopted(desk, free), 60)
            wait_until_looked_at(desk)  # and the slot moves
            assert not is_adopted(desk, locked)
            capture.kill()
        capture.start()
        wait_for(lambda: is_adopted(desk, locked), 60)
        wait_for(lambda: capture.row()["scan_due"] is False, 60)

    def test_is_adopted_when_it_is_free(self, desk: Desk, capture: CaptureProcess):
        capture.start()
        with desk.client() as api:
            locked = registered(api, f"{uuid7()}@example.com")
        with changed_and_locked(desk, locked):
            wait_for(lambda: capture.row()["scan_due"] is True, 60)
        wait_for(lambda: is_adopted(desk, locked), 60)
        wait_for(lambda: capture.row()["scan_due"] is False, 60)
