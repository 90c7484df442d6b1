"""Answers that a client has and asks for again: If-None-Match, ETag, and what they say of age."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cqrs.projections import lag
from cqrs.projections.models import ProjectionCheckpoint
from tests.http.api import Api, assert_problem
from tests.support import scenarios

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    lag.read_lag.forget()


@pytest.fixture(params=["/api/orders/{order}", "/api/orders", "/api/orders?cursor="])
def path(api: Api, request: Any) -> str:
    order = scenarios.order()
    api.projected()
    return request.param.format(order=order)


class TestIfNoneMatch:
    @pytest.mark.parametrize(
        "header", ["{tag}", "W/{tag}", '"x", {tag}', '"x",W/"y" , W/{tag}, "z"', "*"]
    )
    def test_is_answered_304_when_the_client_has_it(self, api: Api, path: str, header: str):
        first = api.get(path)
        again = api.get(path, **{"If-None-Match": header.format(tag=first["ETag"])})
        assert (again.status_code, again.content) == (304, b"")
        assert "Content-Type" not in again
        for name in ("ETag", "Cache-Control", "Vary", "X-Read-Lag-Ms"):
            assert name in again
        assert again["ETag"] == first["ETag"]

    @pytest.mark.parametrize("header", ['"x"', "{bare}", '"{bare}x"', "", '"*"', "W/", '"'])
    def test_is_answered_in_full_otherwise(self, api: Api, path: str, header: str):
        bare = api.get(path)["ETag"].strip('"')
        again = api.get(path, **{"If-None-Match": header.format(bare=bare)})
        assert again.status_code == 200
        assert again.json()

    def test_sees_what_has_changed_since(self, api: Api):
        order = scenarios.order()
        api.projected()
        paths = (f"/api/orders/{order}", "/api/orders")
        tags = {path: api.get(path)["ETag"] for path in paths}
        api.post(f"/api/orders/{order}/confirm")
        api.projected()
        for path in paths:
            answer = api.get(path, **{"If-None-Match": tags[path]})
            assert answer.status_code == 200
            assert answer["ETag"] != tags[path]

    def test_leaves_errors_as_they_are(self, api: Api):
        tag = {"If-None-Match": "*"}
        missing = "/api/orders/018f0000-0000-7000-8000-000000000000"
        assert_problem(api.get(missing, **tag), 404, "not_found")
        assert_problem(api.get("/api/orders?page=0", **tag), 400, "invalid")


class TestCaching:
    def test_is_the_callers_own_and_revalidates(self, api: Api, path: str):
        answer = api.get(path)
        assert answer["Cache-Control"] == "private, no-cache"
        assert "Authorization" in answer["Vary"]


class TestReadLag:
    def test_says_how_old_the_read_model_may_be(self, api: Api, path: str):
        then = timezone.now() - timedelta(seconds=7)
        ProjectionCheckpoint.objects.filter(consumer="orders").update(caught_up_at=then)
        lag.read_lag.forget()
        assert 7_000 <= int(api.get(path)["X-Read-Lag-Ms"]) < 12_000
        assert int(api.get("/api/customers")["X-Read-Lag-Ms"]) < 5_000

    def test_is_that_of_the_hindmost_partition(self, api: Api, path: str):
        then = timezone.now() - timedelta(seconds=60)
        ProjectionCheckpoint.objects.filter(partition=1).update(caught_up_at=then)
        lag.read_lag.forget()
        assert int(api.get(path)["X-Read-Lag-Ms"]) >= 60_000

    def test_is_asked_once_in_a_while(self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(lag, "MEMO_S", 60.0)
        first = int(api.get(path)["X-Read-Lag-Ms"])
        with CaptureQueriesContext(connections["replica"]) as statements:
            second = int(api.get(path)["X-Read-Lag-Ms"])
        assert second >= first
        assert len(statements) == 1

    def test_says_nothing_before_anything_was_projected(self, api: Api):
        answer = api.get("/api/orders")
        assert answer.status_code == 200
        assert "X-Read-Lag-Ms" not in answer
