"""Tables that do not fit the code: no event is to blame, so none is parked."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from cqrs.operations.status import State, log_status, statuses
from cqrs.operations.worker import project
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from readmodels.models import OrderReadModel
from readmodels.projections import PROJECTIONS
from tests.support.log import Log
from tests.support.waiting import BOTH

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=BOTH),
    pytest.mark.usefixtures("no_reactions"),
]
ORDERS, *OTHERS = PROJECTIONS
NEWER = (
    "ALTER TABLE read_orders ADD channel text NOT NULL DEFAULT '';"
    " ALTER TABLE read_orders ALTER channel DROP DEFAULT",
    "ALTER TABLE read_orders DROP channel",
)
OLDER = (
    "ALTER TABLE read_orders RENAME item_count TO lines",
    "ALTER TABLE read_orders RENAME lines TO item_count",
)
MISSING = (
    "ALTER TABLE read_orders RENAME TO read_parcels",
    "ALTER TABLE read_parcels RENAME TO read_orders",
)
STRICTER = (
    "ALTER TABLE read_orders ADD CONSTRAINT none CHECK (item_count < 0) NOT VALID",
    "ALTER TABLE read_orders DROP CONSTRAINT none",
)


@contextmanager
def changed(change: tuple[str, str]) -> Iterator[None]:
    with connections["replica"].cursor() as cursor:
        cursor.execute(change[0])
    try:
        yield
    finally:
        with connections["replica"].cursor() as cursor:
            cursor.execute(change[1])


@pytest.fixture
def log() -> Log:
    log = Log()
    log.order(log.customer())
    log.projected()
    return log


def orders(log: Log, count: int) -> None:
    for _ in range(count):
        log.order(log.customer())
    log.published()


def state() -> tuple[State, str | None]:
    [found] = statuses(log_status(), [ORDERS], [], measure=False)
    return found.state, found.reason


def now() -> None:
    """End the pauses."""
    for pause in runner.paused.values():
        pause.until = 0.0


@pytest.mark.parametrize("near", [500, 0], ids=["near", "far"])
class TestTableOfOtherCode:
    @pytest.mark.parametrize(
        ("change", "count", "reason"),
        [
            (NEWER, 1, 'IntegrityError: null value in column "channel" of relation "read_orders"'),
            (NEWER, 3, 'IntegrityError: null value in column "channel" of relation "read_orders"'),
            (OLDER, 1, 'ProgrammingError: column "item_count" of relation "read_orders" does not'),
            (MISSING, 1, 'ProgrammingError: relation "public.read_orders" does not exist'),
            (STRICTER, 40, 'IntegrityError: new row for relation "read_orders" violates check'),
        ],
    )
    def test_blocks_its_consumer_which_says_why_and_goes_on_by_itself(
        self,
        log: Log,
        monkeypatch: pytest.MonkeyPatch,
        near: int,
        change: tuple[str, str],
        count: int,
        reason: str,
    ) -> None:
        monkeypatch.setattr(runner, "near", near)
        with changed(change):
            for _ in range(2):
                orders(log, count)
                with pytest.raises(ExceptionGroup):
                    project(PROJECTIONS)
                now()
            assert ParkedEvent.objects.count() == 0
            assert min(runner.positions(ORDERS)) == 2
            found, text = state()
            assert found is State.BLOCKED
            assert text is not None
            assert text.startswith(reason)
        project(PROJECTIONS)
        assert state() == (State.LEVEL, None)
        assert OrderReadModel.objects.count() == 1 + 2 * count

    def test_a_few_refused_events_are_parked(
        self, log: Log, monkeypatch: pytest.MonkeyPatch, near: int
    ) -> None:
        monkeypatch.setattr(runner, "near", near)
        with changed(STRICTER):
            orders(log, 1)
            project(PROJECTIONS)
        assert ParkedEvent.objects.count() == 1
        assert state()[0] is State.PARKED
