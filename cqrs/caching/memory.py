"""Kept answers in the memory of this process, for where there is no Redis.

Every change gets a number here. An answer is good as long as none of its keys has changed since
the number that was the last one *before* it was read from the database: so one that was read before
a commit and kept after the news of it is never given.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from cqrs.caching.entries import Answer, CacheSlot, Lookup, size_of

MAX_CACHE_BYTES = 16 * 2**20
ENTRY_OVERHEAD_BYTES = 1_000  # bytes of an entry beside its answer: empty ones are not for free
MAX_TRACKED_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class _Entry:
    answer: Answer
    read_after: int
    good_until: float  # time.monotonic()


class MemoryCache:
    """Least recently used answers give way to new ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0
        self._last_change = 0
        self._changed: dict[str, int] = {}
        self._everything_changed = 0

    def find(self, slot: CacheSlot) -> Lookup:
        with self._lock:
            entry = self._entries.get(slot.key)
            if entry is None or not self._is_good(entry, slot):
                return Lookup(None, self._last_change)
            self._entries.move_to_end(slot.key)
            return Lookup(entry.answer, None)

    def store(self, slot: CacheSlot, answer: Answer, generation: int) -> None:
        with self._lock:
            self._drop(slot.key)
            self._entries[slot.key] = _Entry(
                answer, generation, time.monotonic() + slot.cache_for_s
            )
            self._bytes += ENTRY_OVERHEAD_BYTES + size_of(answer)
            while self._bytes > MAX_CACHE_BYTES:
                self._drop(next(iter(self._entries)))

    def invalidate(self, keys: Iterable[str]) -> None:
        with self._lock:
            self._last_change += 1
            self._changed.update(dict.fromkeys(keys, self._last_change))
            if (
                len(self._changed) > MAX_TRACKED_KEYS
            ):  # which they were is forgotten, so they were all
                self._forget()

    def clear(self) -> None:
        """Take everything for old, also what is being read from the database now."""
        with self._lock:
            self._last_change += 1
            self._forget()

    def _forget(self) -> None:
        self._everything_changed = self._last_change
        self._changed.clear()
        self._entries.clear()
        self._bytes = 0

    def _is_good(self, entry: _Entry, slot: CacheSlot) -> bool:
        changed = [self._changed.get(key, 0) for key in slot.invalidation_keys]
        newest = max(self._everything_changed, *changed)
        return entry.read_after >= newest and time.monotonic() < entry.good_until

    def _drop(self, key: str) -> None:
        if entry := self._entries.pop(key, None):
            self._bytes -= ENTRY_OVERHEAD_BYTES + size_of(entry.answer)
