"""Read lists of entity tags: `If-Match` and `If-None-Match` (RFC 9110, sections 8.8.3 and 13.1).

>>> read_tags('"1", W/"2.9f86d081"')
(EntityTag(text='1', is_weak=False), EntityTag(text='2.9f86d081', is_weak=True))
"""

import re
from dataclasses import dataclass
from typing import Literal

from cqrs.messaging.preconditions import VersionTag

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
ENTITY_TAGS = re.compile(rf"[ \t,]*(?:{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*)?")
_EACH = re.compile(r'(W/)?"([^"]*)"')
# "<version>" of a command's answer, "<version>.<digest>" of a query's, or "<digest>" of a list's;
# with "-<epoch>" when the log has another epoch than the first.
_OURS = re.compile(
    r"(?:(?P<version>[1-9][0-9]{0,8})(?:\.[^-]*)?|[0-9a-f]{16})(?:-(?P<epoch>[1-9][0-9]{0,18}))?"
)


@dataclass(frozen=True, slots=True)
class EntityTag:
    """One tag. A weak one says that the answers mean the same, not that they are the same."""

    text: str
    is_weak: bool = False

    @property
    def epoch(self) -> int | None:
        """Return the epoch of the log that a tag of ours names."""
        found = _OURS.fullmatch(self.text)
        return int(found["epoch"] or 0) if found else None

    @property
    def version(self) -> VersionTag | None:
        """Return the version that a tag of ours names, and its epoch."""
        found = _OURS.fullmatch(self.text)
        if not found or not found["version"]:
            return None
        return int(found["version"]), int(found["epoch"] or 0)


def entity_tag(text: object, epoch: int) -> str:
    """Return the quoted tag of an answer. In the first epoch, tags do not name it."""
    return f'"{text}-{epoch}"' if epoch else f'"{text}"'


Tags = tuple[EntityTag, ...] | Literal["*"]


def read_tags(header: str) -> Tags | None:
    """Return the tags of the header, or `*` for any; None if it cannot be read."""
    if header.strip(" \t") == "*":
        return "*"
    if not ENTITY_TAGS.fullmatch(header):
        return None
    return tuple(EntityTag(text, bool(weak)) for weak, text in _EACH.findall(header))


def match_strongly(tags: Tags, tag: str) -> bool:
    """Return whether the answer with this quoted tag is among them; a weak one never is."""
    return tags == "*" or any(not one.is_weak and f'"{one.text}"' == tag for one in tags)


def match_weakly(tags: Tags, tag: str) -> bool:
    """Return whether one has the text of this quoted tag: proxies that compress weaken a tag."""
    return tags == "*" or any(f'"{one.text}"' == tag for one in tags)
