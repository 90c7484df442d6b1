"""A client that says nothing more within a transaction loses it, and the locks that it holds."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import Error, connections, transaction

from cqrs.consumers import near_head, partition_runner, round
from cqrs.database.cursors import server_cursor
from cqrs.database.pipelines import pipelined_transaction, sync
from cqrs.operations.worker import project
from cqrs.projections.registry import runner
from readmodels.projections import PROJECTIONS
from tests.support.desk import wait_for
from tests.support.faults import execute
from tests.support.scenarios import customer
from tests.support.threads import together
from tests.support.waiting import BOTH

pytestmark = pytest.mark.django_db(transaction=True, databases=BOTH)

LIMIT = "SET idle_in_transaction_session_timeout = 300"
IS_THERE = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"


def wait_until_given_up(alias: str) -> None:
    """Say nothing on the connection until the server has ended its session."""
    pid = connections[alias].connection.info.backend_pid
    wait_for(lambda: together(lambda: execute(IS_THERE, pid)) == [0])


class TestSilentClient:
    @pytest.mark.parametrize("begun", [transaction.atomic, pipelined_transaction])
    def test_is_given_up(self, begun: Callable[[str], Any]) -> None:
        execute(LIMIT)
        with suppress(Error), begun("default"):
            cursor = server_cursor("default")
            cursor.execute("SELECT pg_advisory_xact_lock(4711)")
            if begun is pipelined_transaction:
                sync("default")
            cursor.fetchall()
            wait_until_given_up("default")
        connections["default"].close()

    @pytest.mark.parametrize("near", [500, 0], ids=["near", "far"])
    @pytest.mark.parametrize("number", [1, 2], ids=["after the claim", "after the loads"])
    def test_is_given_up_in_a_round(self, monkeypatch: Any, near: int, number: int) -> None:
        monkeypatch.setattr(runner, "near", near)
        customer()
        project(PROJECTIONS)
        customer()
        synced: list[str] = []

        def then_be_silent(alias: str) -> None:
            sync(alias)
            synced.append(alias)
            if len(synced) == number:
                wait_until_given_up(alias)

        for module in (near_head, partition_runner, round):
            monkeypatch.setattr(module, "sync", then_be_silent)
        with connections["replica"].cursor() as cursor:
            cursor.execute(LIMIT)
        with suppress(Error, ExceptionGroup):
            project(PROJECTIONS)
        assert len(synced) >= number
        monkeypatch.undo()
        connections["replica"].close()
        runner.paused.clear()
        project(PROJECTIONS)
        assert {each for one in PROJECTIONS for each in runner.positions(one)} == {2}
