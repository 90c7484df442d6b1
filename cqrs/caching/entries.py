"""What a cache stores: an answer, its slot, and the keys that invalidate it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from cqrs.queries.pages import Page
from cqrs.queries.results import Results

Answer: TypeAlias = Page | Results
KINDS: dict[bytes, type[Page] | type[Results]] = {b"page": Page, b"results": Results}


@dataclass(frozen=True, slots=True)
class CacheSlot:
    """Where an answer is stored, the keys that invalidate it, and its duration in seconds."""

    key: str
    invalidation_keys: tuple[str, str]
    cache_for_s: float


@dataclass(frozen=True, slots=True)
class Lookup:
    """A cached answer; without one, the generation under which a new answer may be stored.

    The generation must be read before the database is. None: do not store the answer.
    """

    answer: Answer | None = None
    generation: Any = None


NO_ANSWER = Lookup()


class Cache(Protocol):
    """Stores answers. Does not raise when its server is out of reach."""

    def find(self, slot: CacheSlot) -> Lookup:
        """Return the answer in the slot unless it is invalid."""

    def store(self, slot: CacheSlot, answer: Answer, generation: Any) -> None:
        """Store an answer. It is invalid at once if a key has changed since the generation."""

    def invalidate(self, keys: Iterable[str]) -> None:
        """Invalidate all answers with one of the keys."""


def pack(answer: Answer) -> bytes:
    """Return the answer as bytes."""
    kind = b"page" if isinstance(answer, Page) else b"results"
    return b"%b\n%b" % (kind, answer.pack())


def unpack(packed: bytes) -> Answer:
    """Return the answer that was packed."""
    kind, _, rest = packed.partition(b"\n")
    return KINDS[kind].unpack(rest)


def size_of(answer: Answer) -> int:
    """Return the approximate size in bytes."""
    return len(answer.results.body if isinstance(answer, Page) else answer.body)
