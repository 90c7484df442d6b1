"""Names, addresses, passwords and keys stay out of all that is not their place.

Marked ones are planted, everything is driven, failures above all, and the marks are looked for.
"""

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as configured
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from cqrs.event_log.events import RecordedEvent
from cqrs.models import ReactionWork
from cqrs.projections.models import ParkedEvent
from customers.commands import UpdateCustomer
from customers.events import CustomerRegistered
from customers.models import Customer
from readmodels.models import CustomerReadModel
from readmodels.projections import customers
from tests.http.api import Api
from tests.support import reacting
from tests.support.faults import handled_by
from tests.support.reacting import Recorder
from tests.support.scenarios import content

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.bypasses_events,
]
NAME, EMAIL = "Markna Meadow", "markna.meadow@leak.example"
STREET, INSTRUCTIONS = "Markstreet 77", "marked instructions"
PASSWORD, TOKEN, KEY = "marked-password", "marked.token.text", "marked-key"
MARKS = ("Markna", "markna.meadow", "Markstreet", "marked", "MARKED")


def marked_in(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text]


@pytest.fixture(autouse=True)
def _every_line_is_logged() -> Iterator[None]:
    """Log all levels, and the lines of libraries to where our own lines go."""
    loggers = [logging.getLogger(name) for name in ("", "cqrs", "django")]
    before = [logger.level for logger in loggers]
    [handler] = [each for each in logging.root.handlers if type(each) is logging.StreamHandler]
    with open(2, "w", closefd=False) as stderr:
        stream = handler.setStream(stderr)
        for logger in loggers:
            logger.setLevel(logging.INFO)
        yield
        handler.setStream(stream)
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.fixture
def registered(api: Api) -> str:
    """Register the marked customer and return the id."""
    answer = api.post("/api/customers", {"name": NAME, "email": EMAIL}, Idempotency_Key=KEY)
    assert answer.status_code == 201
    return str(answer.json()["id"])


def queued() -> list[str]:
    """Return what is in Redis: keys, and the messages for the workers."""
    with redis.Redis.from_url(configured.REDIS_URL, decode_responses=True) as server:
        keys = list(server.scan_iter())
        lists = [key for key in keys if server.type(key) == "list"]
        return keys + [message for key in lists for message in server.lrange(key, 0, -1)]


def refusals(api: Api, customer_id: str) -> Iterator[Any]:
    """Yield the answer to each kind of request that is refused."""
    order = content(customer_id, special_instructions=INSTRUCTIONS)
    order["shipping_address"] = {**order["shipping_address"], "street": STREET}
    yield api.post("/api/customers", {"name": NAME, "email": EMAIL})
    yield api.post("/api/customers", {"name": [NAME], "email": NAME, "wrong": EMAIL})
    yield api.post("/api/customers", {"name": NAME, "email": f"{EMAIL} "}, If_Match=NAME)
    yield api.post(
        "/api/orders", {**order, "currency": NAME, "special_instructions": [INSTRUCTIONS]}
    )
    yield api.post("/api/orders", {**order, "customer_id": NAME})
    yield api.http.post(
        "/api/orders", f'{{"name": "{NAME}', "application/json", headers=api._headers()
    )
    for query in (
        "page=Markna",
        "cursor=Markna",
        "ordering=Markna",
        "is_active=Markna",
    ):
        yield api.get(f"/api/customers?{query}")
    yield api.get("/api/customers", **{"X-Consistency-Token": NAME})
    login = {"username": EMAIL, "password": PASSWORD}
    yield api.http.post("/api/auth/token", login, "application/json")
    yield api.http.post("/api/auth/refresh", {"refresh": TOKEN}, "application/json")
    yield api.get("/api/orders", Authorization=f"Bearer {TOKEN}")


def quoting(_: Any) -> Any:
    """Fail as the database does that quotes the value."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::int", [NAME])


def doubling(_: Any) -> Any:
    """Fail as the database does that quotes the row in DETAIL."""
    row = Customer.objects.get(email=EMAIL)
    Customer.objects.bulk_create([Customer(**{**_fields(row), "id": row.id})])


def _fields(row: Customer) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def naming(_: Any) -> Any:
    """Fail as code does that names a customer in its errors."""
    try:
        raise KeyError(f"{NAME} II")
    except KeyError as error:
        raise ValueError(f"no price for {NAME} II") from error


class TestRequests:
    def test_leak_nothing_in_refusals_logs_keys_and_messages(
        self, api: Api, registered: str, capfd: pytest.CaptureFixture[str]
    ):
        api.projected()
        assert api.get("/api/customers?search=Markna").json()["count"] == 1
        for number, answer in enumerate(refusals(api, registered)):
            assert 400 <= answer.status_code < 500, number
            assert marked_in(answer.content.decode()) == [], answer.content
        assert marked_in("\n".join(queued())) == []
        assert marked_in(api.http.get("/metrics").content.decode()) == []
        said = "".join(capfd.readouterr())
        assert '"message"' in said  # the lines are there
        assert marked_in(said) == []

    @pytest.mark.parametrize("fault", [quoting, doubling, naming])
    @pytest.mark.parametrize("is_debugging", [False, True])
    def test_leak_nothing_when_they_fail(
        self,
        api: Api,
        registered: str,
        settings: Any,
        fault: Any,
        is_debugging: bool,
        capfd: pytest.CaptureFixture[str],
    ):
        settings.DEBUG = is_debugging
        settings.REDIS_URL = "redis://:marked-password@127.0.0.1:1/0"
        api.http.raise_request_exception = False
        with handled_by(UpdateCustomer, fault):
            answer = api.patch(f"/api/customers/{registered}", {"name": f"{NAME} II"})
        assert answer.status_code == 500
        assert marked_in(answer.content.decode()) == []
        said = "".join(capfd.readouterr())
        assert "Error" in said  # the line is there
        assert marked_in(said) == []


class TestConsumers:
    def test_leak_nothing_when_an_event_fails(
        self,
        api: Api,
        registered: str,
        settings: Any,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ):
        def fail(event: RecordedEvent) -> None:
            raise ValueError(f"{event.data}: {PASSWORD} of {EMAIL}".replace(PASSWORD, ""))

        recorder = Recorder(then=fail)
        reacting.configure(settings, recorder)
        reacting.handed_over()
        api.post("/api/customers", {"name": f"{NAME} II", "email": f"2.{EMAIL}"})
        monkeypatch.setitem(
            customers.HANDLERS, CustomerRegistered.wire_name, lambda _, event: fail(event)
        )
        reacting.run(recorder)
        api.projected()

        errors = [*ParkedEvent.objects.values_list("error", flat=True), *reacting.failures()]
        assert len(errors) >= 2
        assert ReactionWork.objects.exclude(error="").exists()
        shown = [_output("projections", "parked", "list"), _output("projections", "status")]
        for text in (*errors, *shown, "".join(capfd.readouterr())):
            assert marked_in(text) == []


class TestCommands:
    def test_print_no_texts_of_rows(self, api: Api, registered: str):
        api.projected()
        Customer.objects.filter(pk=registered).update(name="Markna Changed")
        CustomerReadModel.objects.filter(pk=registered).update(email=f"x{EMAIL}")
        said = _output("projections", "verify")
        assert f"customer {registered}: stored [1, <text>, <text>, True]" in said
        assert f"read_customers {registered}: changed: email stored <text>" in said
        assert marked_in(said) == []

    def test_print_no_texts_of_an_imported_file(
        self, api: Api, registered: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ):
        """The rejected rows are in their file, which is for those who have the first one."""
        file = tmp_path / "orders.csv"
        good = {
            "order_id": "1", "ordered_at": "2026-01-31", "customer_id": "marked-customer",
            "customer_name": NAME, "customer_email": f"new.{EMAIL}", "product_id": "p",
            "product_name": "Lamp", "quantity": "1", "unit_price": "2", "currency": "USD",
            "street": STREET,
        }  # fmt: skip
        wrong = [
            {"order_id": "2", "customer_email": EMAIL, "customer_id": "other"},
            {"order_id": "3", "quantity": NAME},
            {"order_id": "4", "customer_name": f"{NAME} the other"},
            {"order_id": "5", "currency": "MARKED"},
        ]
        rows = [good.keys(), good.values(), *({**good, **one}.values() for one in wrong)]
        file.write_text("".join(",".join(row) + "\n" for row in rows))
        with pytest.raises(SystemExit):
            call_command("import_orders", str(file))
        rejected = file.with_name("orders.csv.rejected.csv").read_text()
        assert rejected.count(STREET) == 3
        api.projected()
        said = "".join((*capfd.readouterr(), *queued()))
        assert "3 rejected" in said
        assert marked_in(said) == []


def _output(*command: str) -> str:
    out = io.StringIO()
    try:
        call_command(*command, stdout=out, stderr=out)
    except (CommandError, SystemExit) as error:
        return out.getvalue() + str(error)
    return out.getvalue()
