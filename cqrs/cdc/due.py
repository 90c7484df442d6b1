"""Look again at what could not be judged in its batch, so that the batch need not wait for it.

Which rows were locked is in memory alone, in the process that goes on. `scan_due` stands for them
in the database: a process that starts compares all rows. It is set before the offsets of the batch
are committed, and is unset when nothing is left.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from uuid import UUID

import structlog
from django.db import connections

from cqrs.adoption.busy import LookedPast
from cqrs.adoption.scanning import Scanned
from cqrs.cdc.states import StateKeeper

Look = Callable[[str, Collection[UUID]], LookedPast]
LookAt = Callable[[str, Collection[UUID]], object]
Scan = Callable[[], Iterator[Scanned]]

log = structlog.get_logger("cqrs.cdc")


class DueLooks:
    """The looks that one process owes."""

    def __init__(self, source: str, stop: threading.Event, *, look: Look, scan: Scan) -> None:
        self._state, self._stop, self._look, self._scan = StateKeeper(source), stop, look, scan
        self._lock = threading.Lock()  # around the fields below together with `scan_due`
        self._scans_wanted = self._scans_done = 0
        self._busy: set[tuple[str, UUID]] = set()
        self._has_newer = False  # only a newer build can judge them: the process after this one
        self._thread: threading.Thread | None = None

    def look(self, stream_type: str, ids: Collection[UUID]) -> None:
        """Look at the aggregates now, and remember those that are locked or too new."""
        self._remember(stream_type, self._look(stream_type, ids))

    def changes_missed(self) -> None:
        """Remember that all rows are to be compared, also if a scan is running already."""
        with self._lock:
            self._scans_wanted += 1
            self._state.set_scan_due(True)

    def start(self, look_at: LookAt) -> None:
        """Begin what is due, in a thread of its own; nothing while that runs.

        `look_at` ends in `look`, and parks the row that fails.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            self._agree_with_the_database()
            is_due = self._busy or self._scans_done < self._scans_wanted
        if is_due:
            self._thread = threading.Thread(target=self._run, args=(look_at,), daemon=True)
            self._thread.start()

    def _agree_with_the_database(self) -> None:
        """Take over what another process, or this one before its start, has left to be done."""
        is_due = self._state.is_scan_due()
        if is_due and self._is_done():
            self._scans_wanted += 1
        if not is_due and not self._is_done():
            self._state.set_scan_due(True)  # another process of the group was done with its own

    def _is_done(self) -> bool:
        return not (self._busy or self._has_newer or self._scans_done < self._scans_wanted)

    def _remember(self, stream_type: str, found: LookedPast) -> None:
        if not found.busy and not found.looked.newer:
            return
        with self._lock:
            self._busy |= {(stream_type, key) for key in found.busy}
            self._has_newer |= found.looked.newer > 0
            self._state.set_scan_due(True)

    def _run(self, look_at: LookAt) -> None:
        try:
            self._look_at_busy_rows(look_at)
            self._compare_all_rows()
            with self._lock:
                if self._is_done():
                    self._state.set_scan_due(False)
        except Exception:
            log.exception("scan_failed")  # the next batch begins it again
        finally:
            connections.close_all()

    def _look_at_busy_rows(self, look_at: LookAt) -> None:
        """Look at them one by one, so that those that are free need not wait for the others."""
        with self._lock:
            busy = sorted(self._busy)
        for stream_type, key in busy:
            if self._stop.is_set():
                return
            with self._lock:
                self._busy.discard((stream_type, key))
            try:
                look_at(stream_type, [key])
            except Exception:
                with self._lock:
                    self._busy.add((stream_type, key))
                raise

    def _compare_all_rows(self) -> None:
        with self._lock:
            wanted = self._scans_wanted
        if self._scans_done == wanted:
            return
        for each in self._scan():
            self._remember(each.stream_type, LookedPast(each.looked, each.busy))
            if self._stop.is_set():
                return
        self._scans_done = wanted
