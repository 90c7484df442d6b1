"""Stored answers: one document, or one page of a list."""

from dataclasses import dataclass
from typing import Self

import orjson

from cqrs.queries.results import Results, digest


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One stored answer. `body` is JSON, `position` the last event folded into it."""

    body: str
    version: int
    position: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of stored answers. `count` is exact unless `count_capped`.

    A page by cursor has neither count nor number. `next` and `previous` are then the texts of the
    cursors that lead on; None at the ends of the list.
    """

    count: int | None
    count_capped: bool
    page: int | None
    page_size: int
    has_next: bool
    results: Results
    next: str | None = None
    previous: str | None = None

    @property
    def documents(self) -> list[str]:
        return self.results.documents

    @property
    def tag(self) -> str:
        """Return a fingerprint of the page's content. It does not depend on the address."""
        return digest(self._head())

    def pack(self) -> bytes:
        """Return the page as a cache stores it."""
        return b"%b\n%b" % (self._head(), self.results.body)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        head, _, body = packed.partition(b"\n")
        count, capped, page, size, has_next, following, previous, tag = orjson.loads(head)
        return cls(count, capped, page, size, has_next, Results(body, tag), following, previous)

    def _head(self) -> bytes:
        return orjson.dumps(
            [
                self.count,
                self.count_capped,
                self.page,
                self.page_size,
                self.has_next,
                self.next,
                self.previous,
                self.results.tag,
            ]
        )
