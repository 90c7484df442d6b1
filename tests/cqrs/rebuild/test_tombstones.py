"""Deleted rows and their tombstones in rebuild, verify, swap and rollback."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError
from django.db.models import F

from cqrs.operations.worker import project
from cqrs.projections.models import Tombstone
from cqrs.projections.registry import projections as registered
from cqrs.projections.registry import runner, versions
from cqrs.rebuild.proof import RebuildError
from cqrs.rebuild.rebuild import discard, rebuild, roll_back
from cqrs.rebuild.table_copies import Slot, TableCopy
from readmodels.models import StockReadModel
from tests.support import shelf
from tests.support.built import projections, silent
from tests.support.kernel_settings import cqrs
from tests.support.log import Log
from tests.support.shelf import BOTH_SHELVES, SHELF, shelf_of, tombstones
from tests.support.waiting import BOTH

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=BOTH),
    pytest.mark.postgresql_version,
]


@pytest.fixture(autouse=True)
def _shelves(transactional_db: None) -> Iterator[None]:
    with cqrs(**shelf.only("SHELF"), AUDITS=[]):
        yield
        for slot in (Slot.SHADOW, Slot.RETIRED, Slot.CHECK, Slot.SAMPLE):
            TableCopy(SHELF[0], slot).drop()


def projected(log: Log) -> None:
    log.published()
    project(registered())


def filled(count: int = 12) -> Log:
    """Write products; delete every second one."""
    log = Log()
    for number in range(count):
        key = log.stock(on_hand=number + 1, name=f"Lamp {number}")
        if number % 2:
            log.stock(key, on_hand=0)
    projected(log)
    return log


def state() -> dict[str, Any]:
    fields = ("table_name", "key", "bucket", "version", "position")
    gone = Tombstone.objects.filter(consumer="stock").order_by("key")
    return {
        "rows": list(StockReadModel.objects.order_by("pk").values()),
        "gone": list(gone.values(*fields)),
    }


def consumers() -> set[str]:
    return set(Tombstone.objects.values_list("consumer", flat=True))


def verified() -> list[str]:
    """Return the differences that verifying reports."""
    output = io.StringIO()
    try:
        projections("verify", output=output)
    except CommandError:
        return [line.strip() for line in output.getvalue().splitlines() if "read_stock" in line]
    return []


class TestVerify:
    def test_agrees_with_what_workers_deleted(self) -> None:
        filled()
        assert verified() == []
        assert consumers() == {"stock"}

    def test_finds_and_repairs_what_was_done_by_hand(self) -> None:
        filled()
        before = state()
        back, changed, missing, *_ = [each["key"] for each in before["gone"]]
        row = StockReadModel.objects.first()
        row.pk = back
        row.save(force_insert=True)
        gone = Tombstone.objects.filter(consumer="stock")
        gone.filter(key=changed).update(version=F("version") + 5)
        gone.filter(key=missing).delete()
        position = next(each["position"] for each in before["gone"] if each["key"] == changed)
        invented = StockReadModel.objects.exclude(pk=back).last()
        gone.create(consumer="stock", table_name="read_stock", key=str(invented.pk), bucket=1,
                    version=9, position=9)  # fmt: skip
        found = verified()
        assert len(found) == 4
        assert f"read_stock {back}: invented" in found
        assert (
            f"read_stock {changed}: changed: deleted stored 7 at {position},"
            f" logged 2 at {position}" in found
        )
        assert any(f"read_stock {missing}: missing: deleted stored None" in each for each in found)
        said = f"read_stock {invented.pk}: invented: deleted stored 9 at 9, logged None"
        assert said in found
        assert "4 repaired" in projections("verify", "--repair")
        assert state() == before
        assert verified() == []

    def test_brings_back_a_row_that_was_deleted_by_hand_with_its_tombstone(self) -> None:
        filled()
        before = state()
        key = StockReadModel.objects.first().pk
        StockReadModel.objects.filter(pk=key).delete()
        Tombstone.objects.create(consumer="stock", table_name="read_stock", key=str(key), bucket=1,
                                 version=2, position=99)  # fmt: skip
        projections("verify", "--repair")
        assert state() == before


class TestRebuild:
    def test_carries_tombstones_through_swap_rollback_and_discard(self) -> None:
        log = filled()
        before = state()
        [projection] = SHELF
        assert rebuild(projection, silent).is_equal
        assert state() == before
        assert consumers() == {"stock", "stock.retired"}
        key = StockReadModel.objects.first().pk
        log.stock(key, on_hand=0)
        projected(log)
        after = state()
        assert str(key) in tombstones()
        assert tombstones("stock.retired") == tombstones()
        roll_back(projection)
        assert state() == after
        assert tombstones("stock.retired") == tombstones()
        discard(projection)
        assert state() == after
        assert consumers() == {"stock"}

    def test_proves_a_new_version_with_a_sample_of_tombstones(self) -> None:
        log = filled(40)
        with cqrs(**shelf.only("BOTH_SHELVES")):
            new = versions()["stock"][-1]
            assert new is BOTH_SHELVES[-1]
            proof = rebuild(new, silent, accept_changes=True)
            assert proof.sample is not None
            assert proof.sample.differences == []
            assert proof.kinds == {"changed": 40}  # rows and search texts
            assert runner.partitions.get(["stock"])[0].version == 2
            gone = {
                key: found for key, found in shelf_of(log.sequenced()).items() if len(found) == 2
            }
            assert tombstones() == gone
            roll_back(new)
            assert tombstones() == gone
            assert runner.partitions.get(["stock"])[0].version == 1

    def test_refuses_to_swap_when_a_tombstone_differs(self) -> None:
        filled()
        Tombstone.objects.filter(consumer="stock").update(position=F("position") + 1)
        with pytest.raises(RebuildError) as raised:
            rebuild(SHELF[0], silent)
        assert raised.value.proof.kinds == {"changed": 6}
        assert raised.value.proof.columns == {"read_stock.deleted": 6}
