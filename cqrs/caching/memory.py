"""Cached answers in the memory of this process, for where there is no Redis.

Every change gets a number. An answer is valid while none of its keys has changed since the number
that was the last one *before* its database read. So an answer that was read before a commit and
stored after its invalidation is never given.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from cqrs.caching.entries import Answer, CacheSlot, Lookup, size_of

MAX_CACHE_BYTES = 16 * 2**20
ENTRY_OVERHEAD_BYTES = 1_000  # of an entry beside its answer: empty answers take memory too
MAX_TRACKED_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class _Entry:
    answer: Answer
    read_after: int  # the number of the last change before the database read
    valid_until: float  # time.monotonic()


class MemoryCache:
    """Evicts the least recently used answers when it is full."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0
        self._last_change = 0
        self._changes: dict[str, int] = {}  # the number of each key's last change
        self._last_clear = 0

    def find(self, slot: CacheSlot) -> Lookup:
        with self._lock:
            entry = self._entries.get(slot.key)
            if entry is None or not self._is_valid(entry, slot):
                return Lookup(None, self._last_change)
            self._entries.move_to_end(slot.key)
            return Lookup(entry.answer, None)

    def store(self, slot: CacheSlot, answer: Answer, generation: int) -> None:
        valid_until = time.monotonic() + slot.cache_for_s
        with self._lock:
            self._drop(slot.key)
            self._entries[slot.key] = _Entry(answer, generation, valid_until)
            self._bytes += ENTRY_OVERHEAD_BYTES + size_of(answer)
            while self._bytes > MAX_CACHE_BYTES:
                self._drop(next(iter(self._entries)))

    def invalidate(self, keys: Iterable[str]) -> None:
        with self._lock:
            self._last_change += 1
            self._changes.update(dict.fromkeys(keys, self._last_change))
            if len(self._changes) > MAX_TRACKED_KEYS:
                self._clear()  # the numbers are dropped, so no answer can be checked any more

    def clear(self) -> None:
        """Invalidate all answers, also those that a database read is about to store."""
        with self._lock:
            self._last_change += 1
            self._clear()

    def _clear(self) -> None:
        self._last_clear = self._last_change
        self._changes.clear()
        self._entries.clear()
        self._bytes = 0

    def _is_valid(self, entry: _Entry, slot: CacheSlot) -> bool:
        changes = [self._changes.get(key, 0) for key in slot.invalidation_keys]
        newest = max(self._last_clear, *changes)
        return entry.read_after >= newest and time.monotonic() < entry.valid_until

    def _drop(self, key: str) -> None:
        if entry := self._entries.pop(key, None):
            self._bytes -= ENTRY_OVERHEAD_BYTES + size_of(entry.answer)
