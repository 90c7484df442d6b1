"""Commands that meet in the web and elsewhere: what is ordinary refuses none."""

import time
from collections.abc import Callable
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from cqrs.database.profiles import Profile, use_profile
from cqrs.messaging import bus
from cqrs.testing.threads import together
from orders.commands import CreateOrder
from orders.commands.create_order import create_order
from orders.models import StockItem
from tests.support.faults import handled_by
from tests.support.held import CUSTOMER, LIMIT_S, SLACK_S, codes, held, place
from tests.support.scenarios import content, customer, line, product

pytestmark = pytest.mark.django_db(transaction=True)


class TestDeadlock:
    def test_ends_with_both_commands_done(self):
        first, second = product(5), product(5)
        buyers, meet = (customer(), customer()), Barrier(2)

        def locking(*lamps: UUID) -> Callable[[Any], Any]:
            meetings = [meet]

            def handler(command: CreateOrder) -> Any:
                for lamp in lamps:
                    StockItem.objects.select_for_update().get(pk=lamp)
                    if meetings:  # each holds its first lock before it asks for the other's
                        meetings.pop().wait(30)
                return create_order(command)

            return handler

        ways = {buyers[0]: locking(first, second), buyers[1]: locking(second, first)}
        with handled_by(CreateOrder, lambda command: ways[command.customer_id](command)):
            found = together(*[place(buyer, line(first), line(second)) for buyer in buyers])
        assert codes(found) == ["ok", "ok"]
        assert max(seconds for _, seconds in found) < 5


class TestOrdinaryContention:
    def test_refuses_no_command(self):
        lamp, buyer = product(1_000), customer()

        def many() -> list[str]:
            return [place(buyer, line(lamp, 1))()[0] for _ in range(8)]

        assert together(*[many] * 8) == [["ok"] * 8] * 8


class TestWorker:
    @pytest.mark.parametrize("profile", [Profile.WORKER, Profile.COMMAND])
    def test_waits_two_seconds_once(self, profile: Profile):
        buyer = customer()
        started = time.monotonic()
        with held(CUSTOMER, buyer), use_profile(profile), pytest.raises(OperationalError):
            bus.send(CreateOrder, content(buyer))
        assert LIMIT_S <= time.monotonic() - started < LIMIT_S + SLACK_S
