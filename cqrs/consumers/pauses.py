"""Pauses: when a consumer that has failed as a whole is tried again."""

import time
from collections.abc import Collection
from dataclasses import dataclass

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0


@dataclass(slots=True)
class Pause:
    """`until` is in `time.monotonic()`; the next pause will be twice as long."""

    pause_s: float = FIRST_PAUSE_S
    until: float = 0.0


class Pauses(dict[str, Pause]):
    """The pauses by the name of the consumer. A success ends them."""

    def start(self, name: str) -> float:
        """Begin a pause, twice as long as the last one; return its seconds."""
        pause_s = self.get(name, Pause()).pause_s
        self[name] = Pause(min(pause_s * 2, LONGEST_PAUSE_S), time.monotonic() + pause_s)
        return pause_s

    def over(self, names: Collection[str]) -> set[str]:
        """Return which of these consumers have paused long enough."""
        now = time.monotonic()
        return {name for name in names if name in self and self[name].until <= now}
