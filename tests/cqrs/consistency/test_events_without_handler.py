"""An event that its home projection has no handler for moves the version and nothing else."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from cqrs.conf import DEFAULTS
from cqrs.consistency.token_status import TokenStatus, token_status
from cqrs.consistency.tokens import ConsistencyToken
from cqrs.event_log.events import bucket_of
from cqrs.event_log.sequencer import sequence
from cqrs.messaging.ids import uuid7
from cqrs.operations.worker import project
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from cqrs.rebuild.rebuild import discard, rebuild
from customers.commands import DeactivateCustomer, UpdateCustomer
from customers.events import CustomerDeactivated, CustomerUpdated
from orders.commands import CreateOrder
from readmodels.models import CustomerReadModel, OrderCustomer, OrderReadModel
from readmodels.projections import PROJECTIONS, customers
from readmodels.tasks import project as task
from tests.http.api import Api
from tests.support.built import projections, silent
from tests.support.kernel_settings import cqrs
from tests.support.log import Log
from tests.support.scenarios import accepted, content
from tests.support.scenarios import customer as registered
from tests.support.statements import statements, written_tables
from tests.support.waiting import BOTH, HEADER, once_one_waits, token

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=BOTH),
    pytest.mark.postgresql_version,
]
ORDERS, CUSTOMERS, STOCK, *_ = PROJECTIONS
APPEND = """
WITH changed AS (
    UPDATE customers_customer SET version = version + 1 WHERE id = %s RETURNING version
), inserted AS (
    INSERT INTO cqrs_event (event_id, stream_type, stream_id, version, type, schema_version, data,
                            metadata, occurred_at)
    SELECT %s, 'customer', %s, version, 'customers.customer_praised', 7, %s::jsonb,
           '{"actor": "test"}'::jsonb, now()
    FROM changed RETURNING id
)
INSERT INTO cqrs_pending (event_id, bucket) SELECT id, %s FROM inserted
"""


@pytest.fixture(params=["without a handler", "in no table"])
def change(request: Any, monkeypatch: Any) -> Callable[[UUID], None]:
    """Return a function that gives a customer an event that no projection has a handler for."""
    if request.param == "in no table":
        return praise
    monkeypatch.delitem(customers.HANDLERS, CustomerDeactivated.wire_name)
    return deactivate


@pytest.fixture(params=[500, 0], ids=["near the head", "far behind"])
def near(request: Any, monkeypatch: Any) -> int:
    """Let the runner advance all in one transaction, or each partition on its own."""
    monkeypatch.setattr(runner, "near", request.param)
    return int(request.param)


@pytest.fixture
def api(client: Client) -> Iterator[Api]:
    with cqrs(THROTTLE_RATES=dict.fromkeys(DEFAULTS.THROTTLE_RATES)):
        yield Api(client)


def praise(key: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(APPEND, [key, uuid7(), key, '{"of": "someone"}', bucket_of(key)])
        assert cursor.rowcount == 1


def deactivate(key: UUID) -> None:
    accepted(DeactivateCustomer, customer_id=key)


def rename(key: UUID) -> None:
    accepted(UpdateCustomer, customer_id=key, name="Grace")


def row(key: UUID) -> dict[str, Any]:
    return CustomerReadModel.objects.values().get(pk=key)


class TestEventWithoutHandler:
    def test_moves_version_and_position_of_the_row_alone(self, change: Any, near: int) -> None:
        key = registered()
        project(PROJECTIONS)
        before = row(key)
        change(key)
        with statements() as seen:
            project(PROJECTIONS)
        after = row(key)
        document = before["document"].replace('"version":1', '"version":2')
        assert after == {**before, "version": 2, "position": 2, "document": document}
        assert written_tables(seen) == ["public.read_customers"]
        assert ParkedEvent.objects.count() == 0

    def test_is_applied_for_its_token(self, change: Any, near: int) -> None:
        key = registered()
        change(key)
        project(PROJECTIONS)
        names = {each.name for each in PROJECTIONS}
        assert token_status(ConsistencyToken("customer", key, 2), names) is TokenStatus.APPLIED
        assert token_status(ConsistencyToken("customer", key, 3), names) is TokenStatus.PENDING

    def test_lets_a_read_with_its_token_answer_at_once(self, change: Any, api: Api) -> None:
        key = registered()
        change(key)
        api.projected()
        for path in (f"/api/customers/{key}", "/api/customers", "/api/orders"):
            headers = {HEADER: token("customer", key, 2), "Prefer": "wait=0"}
            assert api.get(path, **headers).status_code == 200

    @pytest.mark.parametrize("change", [praise, rename])
    def test_gives_an_etag_that_a_command_accepts(
        self, change: Any, api: Api, monkeypatch: Any
    ) -> None:
        monkeypatch.delitem(customers.HANDLERS, CustomerUpdated.wire_name)
        key = registered()
        change(key)
        api.projected()
        tag = api.get(f"/api/customers/{key}")["ETag"]
        answer = api.patch(f"/api/customers/{key}", {"name": "Bea"}, If_Match=tag)
        assert (answer.status_code, answer["ETag"]) == (200, '"3"')

    def test_changes_nothing_when_it_is_applied_again(self, change: Any) -> None:
        key = registered()
        change(key)
        project(PROJECTIONS)
        before = row(key)
        events = [event for event in Log().sequenced() if event.stream_id == key]
        for _ in range(2):
            CUSTOMERS.apply(events)
            CUSTOMERS.apply(events[1:])
        assert row(key) == before

    def test_does_nothing_to_a_row_that_is_missing(self, change: Any, near: int) -> None:
        key = registered()
        project(PROJECTIONS)
        CustomerReadModel.objects.all().delete()
        change(key)
        project(PROJECTIONS)
        assert CustomerReadModel.objects.count() == 0
        assert ParkedEvent.objects.count() == 0
        assert set(runner.positions(CUSTOMERS)) == {2}

    def test_moves_nothing_where_the_stream_has_no_home(self, change: Any, near: int) -> None:
        key = registered()
        accepted(CreateOrder, **content(key))
        project(PROJECTIONS)
        models = OrderReadModel, OrderCustomer
        before = [list(model.objects.values()) for model in models]
        change(key)
        project(PROJECTIONS)
        assert [list(model.objects.values()) for model in models] == before

    def test_agrees_with_verify_and_rebuild(self, change: Any, settings: Any) -> None:
        keys = [registered() for _ in range(5)]
        for key in keys[1:]:
            change(key)
        project(PROJECTIONS)
        assert "Everything agrees" in projections("verify", "customers")
        try:
            assert rebuild(CUSTOMERS, silent).is_equal
            assert sorted(row(key)["version"] for key in keys) == [1, 2, 2, 2, 2]
        finally:
            discard(CUSTOMERS)


class TestPreferWait:
    def test_is_applied_by_an_event_without_handler(self, api: Api, monkeypatch: Any) -> None:
        monkeypatch.delitem(customers.HANDLERS, CustomerUpdated.wire_name)
        key = registered()
        api.projected()
        done = once_one_waits(lambda: task())
        answer = api.patch(f"/api/customers/{key}", {"name": "Bea"}, Prefer="wait=10")
        assert answer["Preference-Applied"] == "wait=10"
        done.result(30)
        assert (row(key)["version"], row(key)["name"]) == (2, "Ada")


class TestLateEventWithoutHandler:
    def test_moves_the_version_of_a_row_that_is_past_it(self, monkeypatch: Any) -> None:
        """It was queued behind a failed event, and orders have moved the row's position."""
        log = Log()
        key = log.customer()
        monkeypatch.delitem(customers.HANDLERS, CustomerDeactivated.wire_name)
        with monkeypatch.context() as patch:
            patch.setitem(customers.HANDLERS, CustomerUpdated.wire_name, lambda *_: 1 / 0)
            log.rename(key, "Grace")
            log.deactivate(key)
            log.order(key)
            log.projected()
        assert (row(key)["version"], row(key)["position"]) == (1, 4)
        assert runner.retries.retry(CUSTOMERS, ("customer", key)) == 2
        found = row(key)
        assert (found["version"], found["position"], found["name"]) == (3, 4, "Grace")

    def test_is_sequenced_and_passed_as_any_other(self) -> None:
        key = registered()
        praise(key)
        assert sequence() == 2
        runner.drain(*PROJECTIONS)
        assert {max(runner.positions(each)) for each in PROJECTIONS} == {2}
