"""Looks that are done later, and what stands for them in the database."""

import threading
from collections.abc import Callable, Collection, Iterator
from uuid import UUID

import pytest
from django.utils import timezone

from cqrs.adoption.adopting import Looked
from cqrs.adoption.busy import LookedPast
from cqrs.adoption.scanning import Scanned
from cqrs.cdc.due import DueLooks
from cqrs.projections.models import CaptureState
from tests.support.desk import wait_for
from tests.support.faults import Broken
from tests.support.waiting import BOTH

ONE, TWO = UUID(int=1), UUID(int=2)
Scan = Callable[[], Iterator[Scanned]]


class Books:
    """Rows that can be locked or too new, one process that looks at them, and its state."""

    def __init__(self, scan: Scan = lambda: iter(()), *, scan_due: bool = False) -> None:
        CaptureState.objects.update_or_create(
            source="books",
            defaults={"state": "running", "since": timezone.now(), "scan_due": scan_due},
        )
        self.locked: set[UUID] = set()
        self.newer: set[UUID] = set()
        self.looked: list[UUID] = []
        self.due = DueLooks("books", threading.Event(), look=self._look, scan=scan)

    def _look(self, _: str, ids: Collection[UUID]) -> LookedPast:
        busy = self.locked.intersection(ids)
        self.looked += sorted({*ids} - busy)
        return LookedPast(Looked(newer=len(self.newer.intersection(ids))), frozenset(busy))

    def start(self) -> None:
        """Return when what was due was tried once."""
        self.due.start(self.due.look)
        if self.due._thread is not None:
            self.due._thread.join(10)

    @property
    def is_due(self) -> bool:
        return CaptureState.objects.get(source="books").scan_due


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestLockedRow:
    def test_is_remembered_and_the_others_are_looked_at(self):
        books = Books()
        books.locked = {ONE}
        books.due.look("book", [ONE, TWO])
        assert (books.looked, books.is_due) == ([TWO], True)

    def test_is_looked_at_again_until_it_is_free(self):
        books = Books()
        books.locked = {ONE}
        books.due.look("book", [ONE])
        books.start()
        assert (books.looked, books.is_due) == ([], True)
        books.locked.clear()
        books.start()
        assert (books.looked, books.is_due) == ([ONE], False)

    def test_is_looked_at_again_after_a_failure(self):
        books = Books()
        books.locked = {ONE}
        books.due.look("book", [ONE])

        def fail(*_: object) -> None:
            raise Broken

        books.due.start(fail)
        books.locked.clear()
        wait_for(lambda: books.start() or books.looked == [ONE])
        assert not books.is_due

    def test_of_a_process_that_was_killed_is_found_by_comparing_all_rows(self):
        books = Books()
        books.locked = {ONE}
        books.due.look("book", [ONE])
        scans: list[int] = []
        after = DueLooks("books", threading.Event(), look=books._look, scan=_counted(scans))
        after.start(after.look)
        wait_for(lambda: scans == [1] and not books.is_due)

    def test_stays_due_when_another_process_of_the_group_is_done(self):
        books = Books()
        books.locked = {ONE}
        books.due.look("book", [ONE])
        CaptureState.objects.update(scan_due=False)
        books.start()
        assert books.is_due


def _counted(scans: list[int]) -> Scan:
    def scan() -> Iterator[Scanned]:
        scans.append(1)
        yield Scanned("book", 1, Looked())

    return scan


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestNewerRow:
    def test_stays_due_for_the_next_build_and_is_not_looked_at_again_by_this_one(self):
        scans: list[int] = []
        books = Books(_counted(scans))
        books.newer = {ONE}
        books.due.look("book", [ONE])
        books.start()
        assert (books.is_due, books.looked, scans) == (True, [ONE], [])

    def test_that_a_scan_has_found_stays_due(self):
        books = Books(lambda: iter([Scanned("book", 1, Looked(newer=1))]), scan_due=True)
        books.start()
        assert books.is_due


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestScan:
    def test_is_done_once(self):
        scans: list[int] = []
        books = Books(_counted(scans), scan_due=True)
        books.start()
        books.start()
        assert (scans, books.is_due) == ([1], False)

    def test_remembers_the_rows_that_were_locked(self):
        scanned = Scanned("book", 2, Looked(), frozenset({ONE}))
        books = Books(lambda: iter([scanned]), scan_due=True)
        books.start()
        assert (books.looked, books.is_due) == ([], True)
        books.start()
        assert (books.looked, books.is_due) == ([ONE], False)

    def test_that_runs_does_not_stand_for_changes_that_are_missed_meanwhile(self):
        scans: list[int] = []

        def scan() -> Iterator[Scanned]:
            scans.append(1)
            if len(scans) == 1:
                books.due.changes_missed()
            yield Scanned("book", 1, Looked())

        books = Books(scan, scan_due=True)
        books.start()
        assert (len(scans), books.is_due) == (1, True)
        books.start()
        assert (len(scans), books.is_due) == (2, False)

    def test_that_fails_is_begun_again(self):
        scans: list[int] = []

        def scan() -> Iterator[Scanned]:
            scans.append(1)
            if len(scans) == 1:
                raise Broken
            yield Scanned("book", 1, Looked())

        books = Books(scan, scan_due=True)
        books.start()
        assert books.is_due
        books.start()
        assert (len(scans), books.is_due) == (2, False)
