"""Count how often the cache had the answer to a query, in this process.

Not a labelled counter of `prometheus_client`: that costs each query three times as much.
"""

import threading
from collections import defaultdict
from typing import Literal

from cqrs.messaging.messages import Query

Outcome = Literal["hit", "miss"]


class LookupCounter:
    """Counts lookups by the query's name and the outcome, for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[tuple[str, Outcome], int] = defaultdict(int)

    def record(self, query: Query, outcome: Outcome) -> None:
        """Count one lookup."""
        with self._lock:
            self._counts[type(query).__name__, outcome] += 1

    def counts(self) -> defaultdict[tuple[str, Outcome], int]:
        """Return the number of lookups, by query and outcome."""
        with self._lock:
            return self._counts.copy()
