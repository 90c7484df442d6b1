"""An older and a newer build at work on the same databases, forwards and backwards, in traffic.

The commands are those of docs/runbooks/upgrade.md.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cqrs.event_log import sequencer
from cqrs.models import EventRecord
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from readmodels.models import OrderReadModel
from tests.faults.builds import Build, newer_build
from tests.faults.traffic import Traffic
from tests.runbooks.pages import blocks, managed
from tests.support.built import nothing_is_left
from tests.support.desk import FULL_COUNTS, wait_for
from tests.support.scenarios import order

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
    # The audit of this build does not know that a flagged order has the status from before.
    pytest.mark.bypasses_events,
    pytest.mark.timeout(1_800 if FULL_COUNTS else 400),
]
ROUNDS = 10 if FULL_COUNTS else 1
FLAGGED = 20 if FULL_COUNTS else 3
GRACE_S = 1
NEEDS = "NeedsNewerCode: customers.customer_updated has schema version 2, which newer code reads"
_, [FORWARD], _, [BACK] = [
    [each.split() for each in managed(block)[:1]] for block in blocks("upgrade")
]
REBUILD = ("projections", "rebuild", "orders")


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Build]:
    with Build(tmp_path / "older", GRACE_S) as build:
        yield build


@pytest.fixture
def newer(tmp_path: Path) -> Iterator[Build]:
    with newer_build(tmp_path / "newer", GRACE_S) as build:
        yield build


def positions(*consumers: str) -> list[int]:
    """Return the positions of all partitions, or of those of some consumers."""
    rows = ProjectionCheckpoint.objects.all()
    rows = rows.filter(consumer__in=consumers) if consumers else rows
    return list(rows.values_list("position", flat=True))


def serving_version() -> int:
    rows = ProjectionCheckpoint.objects.filter(consumer="orders").order_by("version").distinct()
    [version] = rows.values_list("version", flat=True)
    return version


def everything_passes_the_head(*consumers: str) -> None:
    """Return when everything that is committed now is behind all partitions."""
    wait_for(lambda: not sequencer.look().has_pending)
    head = sequencer.head()
    wait_for(lambda: min(positions(*consumers)) >= head)


def nothing_is_parked() -> bool:
    return not ParkedEvent.objects.exists()


def parked_errors() -> set[str]:
    rows = ParkedEvent.objects.filter(attempts__gt=0).values_list("consumer", "error")
    return {f"{consumer}: {error}" for consumer, error in rows}


def goes_forward_and_back(newer: Build) -> None:
    """Swap to version 3 and back; workers of both builds go on in between."""
    newer.succeed(*FORWARD)
    assert serving_version() == 3
    everything_passes_the_head()
    newer.succeed("flag_orders", str(FLAGGED))
    everything_passes_the_head()
    rolls_back_to(2, newer)


def rolls_back_to(version: int, newer: Build) -> None:
    newer.succeed(*BACK)
    assert serving_version() == version
    everything_passes_the_head()


def runs_older_code_alone(older: Build, newer: Build) -> None:
    """Roll the code back: the older workers take their tables, and park what they cannot read."""
    standing = positions("orders")
    newer.succeed("flag_orders", str(FLAGGED))
    assert positions("orders") == standing
    older.succeed(*BACK)
    assert serving_version() == 2
    others = set(ProjectionCheckpoint.objects.values_list("consumer", flat=True))
    everything_passes_the_head(*others - {"orders.retired"})
    assert parked_errors() == {f"{consumer}: {NEEDS}" for consumer in ("customers", "orders")}


class TestVersionsSideBySide:
    def test_nothing_is_folded_by_wrong_code_or_passed_over_or_stopped_for_ever(
        self, older: Build, newer: Build
    ) -> None:
        for _ in range(10):
            order(status="confirmed")
        older.succeed("projections", "run", "--until-caught-up")
        with older.projecting(), Traffic() as traffic:
            traffic.read_plainly()
            traffic.write()
            with newer.projecting():
                for _ in range(ROUNDS):
                    goes_forward_and_back(newer)
                rolls_back_to(3, newer)
                wait_for(nothing_is_parked)
            runs_older_code_alone(older, newer)
            with newer.projecting():
                wait_for(nothing_is_parked)
                rolls_back_to(3, newer)
        assert traffic.reads > 10
        newer.succeed("projections", "run", "--until-caught-up")
        assert "Everything agrees with the event log" in newer.succeed("projections", "verify")
        assert "orders: swapped" in newer.succeed(*REBUILD)  # equal, or it would refuse
        assert nothing_is_parked()
        flagged = EventRecord.objects.filter(type="orders.order_flagged").count()
        assert flagged == FLAGGED * (ROUNDS + 1)
        assert OrderReadModel.objects.filter(document__contains='"flagged":true').count() == flagged
