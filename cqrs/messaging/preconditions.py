"""What a client expects of an aggregate before a command changes it (RFC 9110, section 13).

>>> Precondition(match=((2, 0), (3, 0))).holds((3, 0)), Precondition(match=((2, 0),)).holds((3, 0))
(True, False)
>>> Precondition(match=ANY).holds(None), Precondition(none_match=ANY).holds(None)
(False, True)
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_serializer
from pydantic_core.core_schema import SerializerFunctionWrapHandler

ANY: Literal["*"] = "*"
VersionTag = tuple[int, int]
"""A version, and the epoch of the log that counts it."""
VersionTags = tuple[VersionTag, ...] | Literal["*"]
"""What entity tags name, or any version at all."""


class Precondition(BaseModel):
    """What `If-Match` and `If-None-Match` name; None for a header that is missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: VersionTags | None = None
    none_match: VersionTags | None = None

    def holds(self, current: VersionTag | None) -> bool:
        """Return whether the command may change an aggregate that is there; None: a new one."""
        if self.match is not None and not _has(self.match, current):
            return False
        return self.none_match is None or not _has(self.none_match, current)

    def is_lost(self, current: VersionTag | None, epoch: int) -> bool:
        """Return whether no tag of `If-Match` is the current one, and one is of another epoch."""
        if self.match is None or self.match == ANY or _has(self.match, current):
            return False
        return any(named != epoch for _, named in self.match)

    @model_serializer(mode="wrap")
    def _serialized(self, default: SerializerFunctionWrapHandler) -> Any:
        # As a version alone: idempotent answers were stored with a hash of this.
        if self.none_match is None and self.match not in (None, ANY) and len(self.match) == 1:
            version, epoch = self.match[0]
            return default(self) if epoch else version
        return default(self)


def holds(expected: int | Precondition | None, current: VersionTag | None) -> bool:
    """Return whether the precondition holds, or the version is the expected one in any epoch."""
    if isinstance(expected, Precondition):
        return expected.holds(current)
    return expected is None or (current is not None and expected == current[0])


def _has(tags: VersionTags, current: VersionTag | None) -> bool:
    return current is not None and (tags == ANY or current in tags)
