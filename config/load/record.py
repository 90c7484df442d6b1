"""What a run of requests came to: latencies by kind, and answers by status and code."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

STEP = 1.02  # the width of a bucket: a percentile is at most 2 % too high


@dataclass(slots=True)
class Histogram:
    """Counts durations in buckets, so that a long run needs no more memory."""

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, ms: float) -> None:
        self.counts[math.ceil(math.log(max(ms, 0.001), STEP))] += 1

    def percentile(self, percent: float) -> float | None:
        """Return the duration in ms that so many percent do not exceed; None without any.

        >>> found = Histogram()
        >>> for ms in range(1, 101):
        ...     found.add(ms)
        >>> round(found.percentile(99))
        100
        """
        missing = self.counts.total() * percent / 100
        for bucket in sorted(self.counts):
            missing -= self.counts[bucket]
            if missing <= 0:
                return float(STEP**bucket)
        return None

    def summary(self) -> dict[str, Any]:
        percentiles = {f"p{percent}_ms": self.percentile(percent) for percent in (50, 95, 99)}
        rounded = {name: ms and round(ms, 1) for name, ms in percentiles.items()}
        return {"count": self.counts.total(), **rounded}


@dataclass(slots=True)
class Record:
    """What one user of the load saw. Each thread has its own; they are added up."""

    kinds: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    answers: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    """Answers that the rules of the desk give."""
    retried: Counter[str] = field(default_factory=Counter)
    """Answers that ask for another try, which was made."""
    errors: Counter[str] = field(default_factory=Counter)
    """What must not be."""
    read_lag: Histogram = field(default_factory=Histogram)
    visible: Histogram = field(default_factory=Histogram)
    """From the answer of a command to that of a read with its token."""

    def add(self, other: "Record") -> None:
        for kind, histogram in list(other.kinds.items()):
            self.kinds[kind].counts.update(histogram.counts)
        for name in ("answers", "refusals", "retried", "errors"):
            getattr(self, name).update(getattr(other, name))
        self.read_lag.counts.update(other.read_lag.counts)
        self.visible.counts.update(other.visible.counts)

    @property
    def requests(self) -> int:
        return self.answers.total()
