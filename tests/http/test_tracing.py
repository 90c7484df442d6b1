"""A request can be followed from its headers through Celery's task to the read model's log line."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken
from structlog.testing import capture_logs

from cqrs.models import EventRecord
from readmodels.tasks import project

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def register(client: Client, **headers: str):
    token = AccessToken()
    token.payload.update(user_id="1", username="clerk", is_superuser=True)
    body = {"name": "Ada", "email": "ada@example.com"}
    bearer = {"Authorization": f"Bearer {token}"}
    return client.post("/api/customers", body, "application/json", headers={**bearer, **headers})


@contextmanager
def levels(**of_areas: int) -> Iterator[None]:
    before = {area: logging.getLogger(area).level for area in of_areas}
    for area, level in of_areas.items():
        logging.getLogger(area).setLevel(level)
    try:
        yield
    finally:
        for area, level in before.items():
            logging.getLogger(area).setLevel(level)


class TestTracing:
    def test_takes_the_trace_from_the_request_to_the_projections(self, client: Client):
        answer = register(client, traceparent=TRACEPARENT)
        assert answer.status_code == 201
        assert answer["X-Request-Id"] == TRACE
        metadata = EventRecord.objects.get().metadata
        assert metadata["correlation_id"] == TRACE
        assert metadata["traceparent"] == TRACEPARENT
        assert metadata["actor"] == "clerk"
        with capture_logs() as logs:
            project()
        applied = [line for line in logs if line["event"] == "applied"]
        assert {name for line in applied for name in line["consumers"]} == {"orders", "customers"}
        for line in applied:
            assert line["correlation_ids"] == [TRACE]
            assert line["traceparents"] == [TRACEPARENT]

    def test_prefers_the_request_id(self, client: Client):
        answer = register(client, **{"X-Request-Id": "shop-42", "traceparent": TRACEPARENT})
        assert answer["X-Request-Id"] == "shop-42"
        assert EventRecord.objects.get().metadata["correlation_id"] == "shop-42"

    @pytest.mark.parametrize("given", [TRACEPARENT, "", "00-x", TRACEPARENT.upper()])
    def test_says_the_trace_id_in_problems_and_in_the_lines_of_the_log(
        self, client: Client, given: str, capfd: pytest.CaptureFixture[str]
    ):
        with levels(cqrs=logging.INFO):
            answer = client.post("/api/customers", {}, headers={"traceparent": given})
            refused = register(client, traceparent=given), register(client, traceparent=given)
        problem = answer.json()
        assert problem["code"] == "not_authenticated"
        assert problem["trace_id"] == answer["X-Request-Id"]
        assert (problem["trace_id"] == TRACE) == (given == TRACEPARENT)
        ids = [json.loads(line)["trace_id"] for line in capfd.readouterr().err.splitlines()]
        assert ids == [each["X-Request-Id"] for each in refused]
        assert refused[1].json()["trace_id"] == ids[1]

    @pytest.mark.parametrize("given", ["a b", "x" * 101, "<script>", "a\tb"])
    def test_makes_its_own_when_the_given_one_looks_wrong(self, client: Client, given: str):
        answer = register(client, **{"X-Request-Id": given})
        assert len(answer["X-Request-Id"]) == 32
        assert EventRecord.objects.get().metadata["correlation_id"] == answer["X-Request-Id"]

    def test_keeps_personal_data_out_of_the_log(self, client: Client):
        with capture_logs() as logs:
            register(client)
            project()
        assert {line["event"] for line in logs} >= {"message", "applied"}
        assert "ada" not in str(logs).lower()
