"""What a client sees of cached answers: nothing."""

from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cqrs.projections import lag
from cqrs.projections.lag import read_lag
from tests.cqrs.caching.asking import news_lost
from tests.support.api import bearer
from tests.support.epochs import LATER, asked_anew, healed
from tests.support.log import Log

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures("where"),
]


class TestHttp:
    def test_is_the_same_answer_cold_and_warm(self, log: Log, client: Client) -> None:
        buyer = log.customer()
        for _ in range(3):
            log.order(buyer)
        log.projected()
        headers = bearer("ada")
        for query in ("page_size=2", "page_size=2&page=2", "page_size=2&cursor=", "status=shipped"):
            path = f"/api/customers/{buyer}/orders?{query}"
            cold, warm = (client.get(path, headers=headers) for _ in range(2))
            assert (warm.status_code, warm.content) == (200, cold.content)
            assert warm["ETag"] == cold["ETag"]
            unchanged = client.get(path, headers={**headers, "If-None-Match": warm["ETag"]})
            assert (unchanged.status_code, unchanged.content) == (304, b"")

    def test_costs_no_statement(self, log: Log, client: Client, monkeypatch: Any) -> None:
        monkeypatch.setattr(lag, "MEMO_S", 60.0)
        path, headers = "/api/orders", bearer("ada")
        first = client.get(path, headers=headers)
        with CaptureQueriesContext(connections["replica"]) as captured:
            assert client.get(path, headers=headers).status_code == 200
            again = client.get(path, headers={**headers, "If-None-Match": first["ETag"]})
        assert (again.status_code, len(captured)) == (304, 0)

    @pytest.mark.usefixtures(asked_anew.__name__)
    def test_is_never_of_a_lost_past(self, log: Log, client: Client) -> None:
        path, headers = "/api/orders", bearer("ada")
        cached = client.get(path, headers=headers)
        log.order(log.customer())
        with news_lost():
            log.projected()
        assert client.get(path, headers=headers).content == cached.content
        healed()
        read_lag.forget()
        answer = client.get(path, headers=headers)
        assert (answer.json()["count"], answer["ETag"].endswith(f'-{LATER}"')) == (1, True)

    def test_keeps_no_host(self, log: Log, client: Client, settings: Any) -> None:
        settings.ALLOWED_HOSTS = ["one.example", "two.example"]
        buyer = log.customer()
        for _ in range(2):
            log.order(buyer)
        log.projected()
        path = f"/api/customers/{buyer}/orders?page_size=1"
        for host in settings.ALLOWED_HOSTS:
            answer = client.get(path, headers={**bearer("ada"), "Host": host}).json()
            assert answer["next"] == f"http://{host}{path}&page=2"
