"""Consistency tokens name what a client has written, so that its next read can wait for it.

A token has the aggregate and its version, which are known at the commit; a position is not.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID


class InvalidToken(ValueError):
    """The text is not a consistency token."""


@dataclass(frozen=True, slots=True)
class ConsistencyToken:
    """An aggregate at a version, which an epoch of the log counts."""

    stream_type: str
    stream_id: UUID
    version: int
    epoch: int = 0

    def encode(self) -> str:
        """Return the token as text: opaque, and safe in a header."""
        plain = f"{self.stream_type}:{self.stream_id}:{self.version}"
        if self.epoch:
            plain += f":{self.epoch}"
        return urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def decode(text: str) -> ConsistencyToken:
    """Return the token. Raises `InvalidToken`."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        parts = urlsafe_b64decode(padded).decode("ascii").split(":")
        stream_type, stream_id, *numbers = parts
        token = ConsistencyToken(stream_type, UUID(stream_id), *(int(each) for each in numbers))
    except (TypeError, ValueError) as error:  # includes UnicodeError and binascii.Error
        raise InvalidToken("The consistency token is unreadable") from error
    if token.encode() != text.rstrip("=") or token.version < 1 or token.epoch < 0:
        raise InvalidToken("The consistency token is unreadable")
    return token
