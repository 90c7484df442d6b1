"""How often an answer was kept already when it was asked for, in this process.

Not a labelled counter of `prometheus_client`: that costs each query three times as much.
"""

import threading
from collections import defaultdict
from typing import Literal

from cqrs.messaging.messages import Query

Outcome = Literal["hit", "miss"]

_lock = threading.Lock()
_counts: defaultdict[tuple[str, Outcome], int] = defaultdict(int)


def record_lookup(query: Query, outcome: Outcome) -> None:
    """Count a look into the cache."""
    with _lock:
        _counts[type(query).__name__, outcome] += 1


def counts() -> defaultdict[tuple[str, Outcome], int]:
    """Return the number of looks, by query and outcome."""
    with _lock:
        return _counts.copy()
