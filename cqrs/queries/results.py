"""The documents of an answer, as they are stored and as they go to the wire."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

_BETWEEN = ",\n"  # documents are JSON without line breaks, so they can be told apart again


@dataclass(frozen=True, slots=True)
class Results:
    """All documents of an answer in their order, as they go to the wire, and a tag of them."""

    body: bytes
    tag: str

    @classmethod
    def of(cls, documents: Sequence[str]) -> Self:
        body = _BETWEEN.join(documents).encode()
        return cls(body, digest(body))

    @property
    def documents(self) -> list[str]:
        return self.body.decode().split(_BETWEEN) if self.body else []

    def pack(self) -> bytes:
        """Return the answer as a cache keeps it."""
        return b"%b\n%b" % (self.tag.encode(), self.body)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        tag, _, body = packed.partition(b"\n")
        return cls(body, tag.decode())


def digest(content: bytes) -> str:
    """Return a short fingerprint of an answer, for entity tags."""
    return hashlib.blake2b(content, digest_size=8).hexdigest()
