"""Events that only a newer build can read: nothing is passed over, and nothing stops for ever."""

from typing import Any, ClassVar

import pytest
from django.db import connections
from django.utils import timezone

from cqrs.event_log import sequencer
from cqrs.operations.blocked import blocked_reason
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from cqrs.rebuild.rebuild import rebuild
from cqrs.rebuild.verify import verify
from customers.events import EVENTS as CUSTOMER_EVENTS
from customers.events import CustomerUpdated
from readmodels.models import CustomerReadModel, OrderReadModel
from readmodels.projections import PROJECTIONS
from readmodels.tasks import project
from tests.support.built import nothing_is_left, silent
from tests.support.kernel_settings import cqrs
from tests.support.log import Log
from tests.support.order_versions import V3, build_of_both

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])
ORDERS, CUSTOMERS, *_ = PROJECTIONS


class NewerCustomerUpdated(CustomerUpdated):
    schema_version: ClassVar[int] = 2


NEWER_EVENTS = tuple(
    NewerCustomerUpdated if each is CustomerUpdated else each for each in CUSTOMER_EVENTS
)
SECOND_VERSION = "UPDATE cqrs_event SET schema_version = 2 WHERE type = %s"
UNKNOWN_TYPE = "UPDATE cqrs_event SET type = 'customers.customer_flagged' WHERE type = %s"
LONG_AGO = "UPDATE cqrs_event SET occurred_at = occurred_at - interval '61 seconds' WHERE type = %s"
DUE = "UPDATE cqrs_projections_parkedevent SET retry_at = now() WHERE attempts > 0"
NEEDS = "customers.customer_updated has schema version 2, which newer code reads"


def newer_build() -> Any:
    return cqrs(EVENTS=[f"{__name__}.NEWER_EVENTS", "orders.events.EVENTS"])


def rewritten(statement: str, wire_name: str = CustomerUpdated.wire_name) -> None:
    """Make the log what a newer build would have written."""
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, [wire_name])


def names() -> set[str]:
    return set(CustomerReadModel.objects.values_list("name", flat=True))


def parked() -> list[tuple[str, int, str]]:
    rows = ParkedEvent.objects.order_by("consumer", "position")
    return list(rows.values_list("consumer", "attempts", "error"))


@pytest.fixture
def log() -> Log:
    """Return a log whose second of three events of a customer is of a newer schema version."""
    log = Log()
    first, second = log.customer("Ada"), log.customer("Grace")
    log.rename(first, "Ada L.")
    log.published()
    rewritten(SECOND_VERSION)
    log.deactivate(first)
    log.order(first)
    log.order(second)
    log.published()
    return log


class TestAnEventOfANewerSchemaVersion:
    def test_stops_its_partition_just_before_it_and_nothing_else(self, log: Log) -> None:
        project()
        at = 3
        assert names() == {"Ada", "Grace"}
        assert parked() == []
        for consumer in (ORDERS, CUSTOMERS):
            assert sorted(set(runner.positions(consumer))) == [at - 1, 6]
            partition = runner.positions(consumer).index(at - 1)
            where = f"partition {partition} stands before position {at}"
            assert blocked_reason(consumer.name) == f"{NEEDS}: {where}"
        assert {blocked_reason(each.name) for each in PROJECTIONS[2:]} == {None}
        assert OrderReadModel.objects.count() == 1

    def test_is_applied_when_the_code_comes_before_the_grace_period_ends(self, log: Log) -> None:
        project()
        with newer_build():
            project()
            assert blocked_reason("customers") is None
        assert names() == {"Ada L.", "Grace"}
        assert OrderReadModel.objects.filter(customer_name="Ada L.").count() == 1
        assert parked() == []

    def test_is_parked_with_its_aggregate_after_the_grace_period(self, log: Log) -> None:
        project()
        rewritten(LONG_AGO)
        project()
        assert parked() == [
            ("customers", 1, f"NeedsNewerCode: {NEEDS}"),
            ("customers", 0, ""),
            ("orders", 1, f"NeedsNewerCode: {NEEDS}"),
        ]
        assert OrderReadModel.objects.count() == 2
        assert blocked_reason("customers") is None

    def test_uses_up_no_attempts_and_is_applied_by_itself(self, log: Log) -> None:
        rewritten(LONG_AGO)
        for _ in range(10):
            project()
            with connections["replica"].cursor() as cursor:
                cursor.execute(DUE)
        assert {attempts for _, attempts, _ in parked()} == {0, 1}
        with newer_build():
            project()
            assert parked() == []
            assert names() == {"Ada L.", "Grace"}
            assert [str(each) for each in verify(CUSTOMERS, silent)] == []

    def test_stays_due_for_a_newer_build_while_an_older_one_leaves_it_alone(
        self, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else the two would take turns by chance, and the older one would mostly win."""
        rewritten(LONG_AGO)
        tried: list[str] = []
        retry = runner.retries._apply_in_order

        def watched(consumer: Any, rows: Any) -> Any:
            tried.append(consumer.name)
            return retry(consumer, rows)

        monkeypatch.setattr(runner.retries, "_apply_in_order", watched)
        for _ in range(5):
            project()
        assert sorted(tried) == ["customers", "orders"]
        assert not ParkedEvent.objects.filter(attempts=1, retry_at__gt=timezone.now()).exists()
        with newer_build():
            project()
        assert parked() == []

    def test_stops_no_consumer_without_a_handler_for_it(self, log: Log) -> None:
        log.confirm(next(iter(log.orders)))
        log.published()
        rewritten(SECOND_VERSION, "orders.order_confirmed")
        project()
        assert {blocked_reason(each.name) for each in PROJECTIONS[2:5]} == {None}

    def test_is_reported_by_a_rebuild_that_cannot_read_it(self, log: Log) -> None:
        with newer_build():
            project()
        with pytest.raises(RuntimeError, match="its next event needs newer code"):
            rebuild(CUSTOMERS, silent)


class TestAnEventOfAnUnknownType:
    def test_moves_the_version_of_its_home_and_nothing_else(self) -> None:
        log = Log()
        key = log.customer("Ada")
        log.rename(key, "Ada L.")
        log.published()
        rewritten(UNKNOWN_TYPE)
        project()
        row = CustomerReadModel.objects.get()
        assert (row.name, row.version, row.position) == ("Ada", 2, 2)
        assert {position for each in PROJECTIONS for position in runner.positions(each)} == {2}


class TestBlockedReason:
    def test_is_none_before_the_first_run(self) -> None:
        assert blocked_reason("orders") is None

    def test_is_none_for_a_projection_that_is_only_behind(self, log: Log) -> None:
        runner.started(ORDERS)
        sequencer.sequence()
        assert blocked_reason("stock") is None

    @pytest.mark.usefixtures(nothing_is_left.__name__)
    def test_names_the_version_that_the_build_lacks(self) -> None:
        with build_of_both():
            rebuild(V3, silent)
            assert blocked_reason("orders") is None
        assert blocked_reason("orders") == (
            "The tables of orders are of version 3, which this build does not have: run a build"
            " that registers it"
        )

    def test_needs_two_statements_when_nothing_is_behind(
        self, log: Log, django_assert_num_queries: Any
    ) -> None:
        with newer_build():
            project()
            blocked_reason("orders")
            with (
                django_assert_num_queries(1, using="replica"),
                django_assert_num_queries(1, using="default"),
            ):
                blocked_reason("orders")
