"""The documents of an answer, joined as the response sends them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

_BETWEEN = ",\n"  # a document is JSON without line breaks, so this separates them


@dataclass(frozen=True, slots=True)
class Results:
    """All documents of an answer in their order, as the response sends them, and their tag."""

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
        """Return the answer as a cache stores it."""
        return b"%b\n%b" % (self.tag.encode(), self.body)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        tag, _, body = packed.partition(b"\n")
        return cls(body, tag.decode())


def digest(content: bytes) -> str:
    """Return a short fingerprint of an answer, for entity tags."""
    return hashlib.blake2b(content, digest_size=8).hexdigest()
