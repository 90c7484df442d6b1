"""A waiting read is woken; it does not ask again and again."""

import time
from typing import Any

import pytest

from cqrs.consistency import behavior
from cqrs.consistency.token_status import TokenStatus, token_status
from cqrs.messaging.results import Ok
from cqrs.notifications import channel
from cqrs.notifications.listener import AppliedListener
from cqrs.projections.registry import runner
from readmodels.projections import PROJECTIONS
from readmodels.queries import (
    GetCustomerById,
)
from tests.support.log import Log
from tests.support.waiting import BOTH, ask, once_one_waits, token

pytestmark = pytest.mark.postgresql_version


@pytest.mark.django_db(transaction=True, databases=BOTH)
class TestWaiting:
    @pytest.mark.parametrize("with_redis", [True, False], ids=["redis", "notify"])
    def test_looks_when_it_is_woken_and_not_otherwise(
        self, monkeypatch: Any, settings: Any, with_redis: bool
    ) -> None:
        if not with_redis:
            settings.CQRS = {**settings.CQRS, "REDIS_URL": ""}
        listener = AppliedListener()
        monkeypatch.setattr(behavior, "listener", listener)
        monkeypatch.setattr(behavior, "LISTENING_S", 600.0)
        listener.wait(0, 30)  # until it listens
        assert listener.is_listening
        before, looks = listener.messages, []

        def counted(*arguments: Any) -> TokenStatus:
            looks.append(arguments)
            return token_status(*arguments)

        monkeypatch.setattr(behavior, "token_status", counted)
        log = Log()
        buyer = log.customer()
        log.sequenced()
        done = once_one_waits(lambda: runner.drain(*PROJECTIONS))
        asked = {
            "customer_id": buyer,
            "consistency_token": token("customer", buyer),
            "wait_s": 30,
        }
        started = time.monotonic()
        assert isinstance(ask(GetCustomerById, **asked), Ok)
        assert time.monotonic() - started < 30
        assert len(looks) <= 2 + listener.messages - before  # two before it waits
        done.result(30)

    def test_polls_where_it_cannot_listen(self, monkeypatch: Any, settings: Any) -> None:
        settings.CQRS = {**settings.CQRS, "REDIS_URL": ""}
        monkeypatch.setattr(channel, "_parameters", lambda: {"host": "127.0.0.1", "port": 1})
        monkeypatch.setattr(behavior, "listener", AppliedListener())
        log = Log()
        buyer = log.customer()
        log.sequenced()
        done = once_one_waits(lambda: runner.drain(*PROJECTIONS))
        asked = {"customer_id": buyer, "consistency_token": token("customer", buyer)}
        assert isinstance(ask(GetCustomerById, **asked), Ok)
        done.result(5)

    def test_is_woken_by_any_worker_that_has_the_partition(self) -> None:
        log = Log()
        buyers = [log.customer() for _ in range(20)]
        log.sequenced()
        workers = [once_one_waits(lambda: runner.drain(*PROJECTIONS)) for _ in range(3)]
        for buyer in buyers:
            asked = {"customer_id": buyer, "consistency_token": token("customer", buyer)}
            assert isinstance(ask(GetCustomerById, **asked), Ok)
        for worker in workers:
            worker.result(5)
