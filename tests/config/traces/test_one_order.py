"""One order through all spans: request, command, wake-up, sequencer, projections, read."""

import base64
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import redis
from celery.app.trace import trace_task
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from config.celery import app
from cqrs.conf import DEFAULTS
from cqrs.models import EventRecord
from customers.commands import UpdateCustomer
from readmodels import receivers
from readmodels.tasks import WAKE_UP_FLAG, project
from tests.http.api import Api
from tests.support.desk import wait_for
from tests.support.faults import handled_by
from tests.support.kernel_settings import cqrs
from tests.support.scenarios import content, customer

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
ROUTE = "/api/orders"


@pytest.fixture
def api(client: Client) -> Iterator[Api]:
    with cqrs(THROTTLE_RATES=dict.fromkeys(DEFAULTS.THROTTLE_RATES)):
        yield Api(client)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that waits for the next message of the broker, and takes it."""
    monkeypatch.setattr(receivers, "waker", receivers.Waker())
    name = settings.CELERY_TASK_DEFAULT_QUEUE
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        broker.delete(name)
        cache.delete(WAKE_UP_FLAG)
        yield lambda: orjson.loads(wait_for(lambda: broker.rpop(name)))


def work_on(message: dict[str, Any]) -> None:
    """Run a task of a message as a worker does."""
    body = orjson.loads(base64.b64decode(message["body"]))
    headers = message["headers"]
    task = app.tasks[headers["task"]]
    trace_task(task, headers["id"], body[0], body[1], request=headers, app=app)


def named(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    spans = exporter.get_finished_spans()
    found = [span for span in spans if span.name == name]
    assert len(found) == 1, [span.name for span in spans]
    return found[0]


def names(exporter: InMemorySpanExporter) -> list[str]:
    return [span.name for span in exporter.get_finished_spans()]


def trace_of(span: ReadableSpan) -> str:
    return f"{span.context.trace_id:032x}"


def is_child(child: ReadableSpan, parent: ReadableSpan) -> bool:
    return child.parent is not None and child.parent.span_id == parent.context.span_id


class TestOrder:
    def test_can_be_followed_through_all_spans(
        self, exporter: InMemorySpanExporter, api: Api, queue: Any
    ):
        buyer = customer()
        work_on(queue())
        exporter.clear()
        answer = api.post(ROUTE, content(buyer), traceparent=TRACEPARENT)
        assert answer.status_code == 201
        work_on(queue())

        request = named(exporter, f"POST {ROUTE}")
        assert trace_of(request) == TRACE
        assert request.parent is not None
        assert f"{request.parent.span_id:016x}" == PARENT
        assert request.kind is SpanKind.SERVER
        assert dict(request.attributes or {}) == {
            "url.path": ROUTE, "http.response.status_code": 201,
        }  # fmt: skip
        command, transaction = named(exporter, "CreateOrder"), named(exporter, "transaction")
        assert is_child(command, request)
        assert dict(command.attributes or {}) == {"cqrs.outcome": "ok", "cqrs.replayed": False}
        assert is_child(transaction, command)
        within = [each for each in exporter.get_finished_spans() if is_child(each, transaction)]
        inserts = [span for span in within if span.kind is SpanKind.CLIENT]
        assert {span.name.partition(" ")[2] for span in inserts} == {"default"}
        assert any("cqrs_event" in span.attributes["db.query.text"] for span in inserts)

        wake_up = named(exporter, "wake-up")
        queued = named(exporter, "apply_async/readmodels.tasks.project")
        running = named(exporter, "run/readmodels.tasks.project")
        assert is_child(wake_up, transaction)
        assert is_child(queued, wake_up)
        assert is_child(running, queued)
        sequenced, applied = named(exporter, "sequence"), named(exporter, "apply")
        for span in (sequenced, applied):
            assert is_child(span, running)
            assert {f"{link.context.trace_id:032x}" for link in span.links} >= {TRACE}
        stored = EventRecord.objects.filter(stream_type="order").get().metadata["traceparent"]
        [link] = [each for each in applied.links if f"{each.context.trace_id:032x}" == TRACE]
        assert stored[36:52] == f"{link.context.span_id:016x}"
        assert stored[36:52] == f"{transaction.context.span_id:016x}"
        assert {"orders", "customers"} <= set(applied.attributes["cqrs.consumers"])

    def test_is_read_in_a_trace_of_its_own(
        self, exporter: InMemorySpanExporter, api: Api, queue: Any
    ):
        order = api.post(ROUTE, content(customer())).json()["id"]
        project()
        exporter.clear()
        assert api.get(f"{ROUTE}/{order}").status_code == 200
        request = named(exporter, f"GET {ROUTE}/<any_uuid:pk>")
        query = named(exporter, "GetOrderById")
        assert is_child(query, request)
        selects = [each for each in exporter.get_finished_spans() if is_child(each, query)]
        assert {each.name for each in selects} == {"SELECT replica"}
        assert request.parent is None


class TestSpans:
    def test_are_not_made_by_probes_and_by_looks_that_find_nothing(
        self, exporter: InMemorySpanExporter, api: Api
    ):
        project()
        exporter.clear()
        for path in ("/health/live", "/metrics", "/static/none.css", "/favicon.ico"):
            api.http.get(path)
        project()
        assert names(exporter) == []

    def test_begin_a_trace_for_what_a_sweep_finds(self, exporter: InMemorySpanExporter, queue: Any):
        customer()
        exporter.clear()
        project()
        assert {"sequence", "apply"} <= set(names(exporter))
        assert named(exporter, "apply").parent is None

    def test_repeat_no_texts_of_rows_and_errors(
        self, exporter: InMemorySpanExporter, api: Api, queue: Any
    ):
        def fail(_: Any) -> Any:
            raise ValueError("Markna Meadow")

        body = {"name": "Markna Meadow", "email": "markna@leak.example"}
        registered = api.post("/api/customers", body).json()["id"]
        api.http.raise_request_exception = False
        with handled_by(UpdateCustomer, fail):
            assert api.patch(f"/api/customers/{registered}", body).status_code == 500
        failed = named(exporter, "UpdateCustomer")
        assert failed.status.status_code is StatusCode.ERROR
        assert failed.attributes["error.type"] == "ValueError"
        assert named(exporter, "PATCH /api/customers/<any_uuid:pk>").status.status_code is (
            StatusCode.ERROR
        )
        said = "".join(span.to_json() for span in exporter.get_finished_spans()).lower()
        assert "customers_customer" in said  # the statements are there
        assert "markna" not in said


class TestTraceIds:
    def test_of_a_request_without_one_are_those_of_its_span(
        self, exporter: InMemorySpanExporter, api: Api
    ):
        answer = api.get(f"{ROUTE}/{'0' * 8}-0000-4000-8000-{'0' * 12}")
        assert answer.json()["trace_id"] == answer["X-Request-Id"]
        assert answer["X-Request-Id"] == trace_of(named(exporter, f"GET {ROUTE}/<any_uuid:pk>"))
