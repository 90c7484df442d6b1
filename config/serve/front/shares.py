"""Divide the threads of a process among kinds of work, so that one kind never holds them all.

A thread frees its place itself and starts the next request: the loop would have to wake first.
"""

from collections import Counter, deque
from collections.abc import Mapping
from threading import Lock
from typing import Protocol

READ_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
PROBE_METHODS = ("GET", "HEAD")
LOGIN_PATHS = ("/api/auth/", "/admin/login/")
PROBE_PATHS, SCRAPE_PATH = ("/health/ready", "/health/startup"), "/metrics"
EXPORT_PATH = "/api/orders.csv"
ADMIN_PATH = "/admin/"
PROBES, SCRAPES = "probes", "scrapes"
OWN_THREADS = {PROBES: len(PROBE_PATHS), SCRAPES: 2}
"""Shares with threads of their own: a scrape that waits for a database delays no probe.

Probes have one thread for each address, whatever their number: see `single_flight`. Scrapes have
two: Prometheus servers run in pairs, and a scrape takes seconds while a database hangs.
"""
MAX_QUEUED = 1_000


def share_of(method: str, path: str) -> str:
    """Return the share that a request belongs to. Pages of the admin are reads."""
    if method in READ_METHODS:
        if path in PROBE_PATHS and method in PROBE_METHODS:
            return PROBES
        if path == SCRAPE_PATH:
            return SCRAPES
        return "exports" if path == EXPORT_PATH else "reads"
    if path.startswith(LOGIN_PATHS):
        return "logins"
    return "reads" if path.startswith(ADMIN_PATH) else "writes"


class Applicant(Protocol):
    """A request that asks for a thread."""

    share: str

    def start(self) -> None:
        """Take a thread."""

    def wait(self) -> None:
        """Wait in the queue."""


class Shares:
    """The threads and shares in use, and the requests that wait for one, oldest first."""

    def __init__(self, threads: int, limits: Mapping[str, int]) -> None:
        """`limits`: how many threads each share may use at once."""
        self.free_threads = threads
        self.limits = {**limits, **OWN_THREADS}
        self.used: Counter[str] = Counter()
        self.queue: deque[Applicant] = deque()
        self._lock = Lock()

    def admit(self, applicant: Applicant) -> bool:
        """Start the request or let it wait; return False when too many wait already."""
        with self._lock:
            if self._has_room(applicant.share):
                self._start(applicant)
            elif len(self.queue) >= MAX_QUEUED:
                return False
            else:
                self.queue.append(applicant)
                applicant.wait()
            return True

    def withdraw(self, applicant: Applicant) -> bool:
        """Take the request out of the queue; return False when it has left it."""
        with self._lock:
            if applicant not in self.queue:
                return False
            self.queue.remove(applicant)
            return True

    def is_queued(self, applicant: Applicant) -> bool:
        """Return whether the request waits for a thread."""
        with self._lock:
            return applicant in self.queue

    def occupancy(self) -> tuple[Counter[str], Counter[str]]:
        """Return the places in use and the waiting requests, by share."""
        with self._lock:
            return self.used.copy(), Counter(each.share for each in self.queue)

    def leave(self, share: str) -> None:
        """Free a place in the share. The thread stays in use."""
        with self._lock:
            self.used[share] -= 1
            self._start_waiting()

    def finish(self, share: str, *, holds_place: bool) -> None:
        """Free the thread, and the place in the share unless the request has left it."""
        with self._lock:
            self.used[share] -= holds_place
            self.free_threads += share not in OWN_THREADS
            self._start_waiting()

    def _start_waiting(self) -> None:
        # The oldest that can start: one whose share is full holds up no other share.
        while found := next((each for each in self.queue if self._has_room(each.share)), None):
            self.queue.remove(found)
            self._start(found)

    def _has_room(self, share: str) -> bool:
        has_thread = share in OWN_THREADS or self.free_threads > 0
        return has_thread and self.used[share] < self.limits[share]

    def _start(self, applicant: Applicant) -> None:
        self.used[applicant.share] += 1
        self.free_threads -= applicant.share not in OWN_THREADS
        applicant.start()
