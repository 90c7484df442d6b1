"""What a cache keeps: an answer, where it belongs, and what makes it old."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from cqrs.queries.pages import Page
from cqrs.queries.results import Results

Answer: TypeAlias = Page | Results
KINDS: dict[bytes, type[Page] | type[Results]] = {b"page": Page, b"results": Results}


@dataclass(frozen=True, slots=True)
class CacheSlot:
    """Where an answer is kept, the keys whose change makes it old, and for how long at most."""

    key: str
    invalidation_keys: tuple[str, str]
    cache_for_s: float


@dataclass(frozen=True, slots=True)
class Lookup:
    """A kept answer; or none, and the generation under which one may be kept.

    The generation is to be had before the database is read. None: do not keep it.
    """

    answer: Answer | None = None
    generation: Any = None


NO_ANSWER = Lookup()


class Cache(Protocol):
    """Keeps answers. Never raises because a server is out of reach."""

    def find(self, slot: CacheSlot) -> Lookup:
        """Return the answer that is kept there, unless it is old."""

    def store(self, slot: CacheSlot, answer: Answer, generation: Any) -> None:
        """Keep an answer; in vain if one of its keys has changed since the generation."""

    def invalidate(self, keys: Iterable[str]) -> None:
        """Take all answers with one of the keys for old."""


def pack(answer: Answer) -> bytes:
    """Return the answer as bytes."""
    kind = b"page" if isinstance(answer, Page) else b"results"
    return b"%b\n%b" % (kind, answer.pack())


def unpack(packed: bytes) -> Answer:
    """Return the answer that was packed."""
    kind, _, rest = packed.partition(b"\n")
    return KINDS[kind].unpack(rest)


def size_of(answer: Answer) -> int:
    """Return about how many bytes it takes."""
    return len(answer.results.body if isinstance(answer, Page) else answer.body)
