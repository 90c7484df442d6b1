"""What a client expects of an aggregate before a command changes it (RFC 9110, section 13).

>>> Precondition(match=(2, 3)).holds(3), Precondition(match=(2, 3)).holds(4)
(True, False)
>>> Precondition(match=ANY).holds(None), Precondition(none_match=ANY).holds(None)
(False, True)
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

ANY: Literal["*"] = "*"
Versions = tuple[int, ...] | Literal["*"]
"""Versions that entity tags name, or any version at all."""


class Precondition(BaseModel):
    """The versions that `If-Match` and `If-None-Match` name; None for a header that is missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: Versions | None = None
    none_match: Versions | None = None

    def holds(self, version: int | None) -> bool:
        """Return whether the command may change an aggregate at this version; None: a new one."""
        if self.match is not None and not _has(self.match, version):
            return False
        return self.none_match is None or not _has(self.none_match, version)


def holds(expected: int | Precondition | None, version: int | None) -> bool:
    """Return whether an aggregate is at the version that is expected, or meets the precondition."""
    if isinstance(expected, Precondition):
        return expected.holds(version)
    return expected is None or expected == version


def _has(versions: Versions, version: int | None) -> bool:
    return version is not None and (versions == ANY or version in versions)
