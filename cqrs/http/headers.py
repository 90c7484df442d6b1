"""Parse the request headers that change how a message is handled.

They are read from META, because `request.headers` copies all headers for every request.
"""

import re

from rest_framework.request import Request

from cqrs.consistency.token_status import decode_known
from cqrs.consistency.tokens import ConsistencyToken
from cqrs.http.entity_tags import read_tags
from cqrs.messaging.preconditions import ANY, Precondition, VersionTags
from cqrs.messaging.results import FieldError

MAX_WAIT_S = 30

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
# At the begin of a preference: behind a ";" or in quotes, it is a part of another one.
_WAIT = re.compile(
    r'(?:(?:[^",]|"(?:[^"\\]|\\.)*")*,)*?\s*wait\s*=\s*"?([0-9]{1,99})"?\s*(?=$|[,;])',
    re.IGNORECASE,
)


class WrongHeader(ValueError):
    """A header cannot be read. `error` is its entry in the problem document."""

    def __init__(self, field: str, code: str, remedy: str) -> None:
        super().__init__(remedy)
        self.error = FieldError(field, code, remedy)


def precondition(request: Request) -> Precondition | None:
    """Return what `If-Match` and `If-None-Match` expect. Raises `WrongHeader`."""
    match = _versions(request, "If-Match", is_strong=True)
    none_match = _versions(request, "If-None-Match", is_strong=False)
    if match is None and none_match is None:
        return None
    return Precondition(match=match, none_match=none_match)


def _versions(request: Request, name: str, is_strong: bool) -> VersionTags | None:
    """Return the versions that the header names. A weak tag names none in a strong comparison."""
    header = request.META.get(f"HTTP_{name.upper().replace('-', '_')}")
    if header is None:
        return None
    tags = read_tags(header)
    if tags is None:
        raise unreadable_tags(name)
    if tags == ANY:
        return ANY
    given = [tag.version for tag in tags if not (is_strong and tag.is_weak)]
    return tuple(version for version in given if version is not None)


def unreadable_tags(name: str) -> WrongHeader:
    remedy = f'{name} must be entity tags such as "3", as answers gave them, or *'
    return WrongHeader(name, "entity_tag", remedy)


def idempotency_key(request: Request) -> str | None:
    """Return the `Idempotency-Key`. Raises `WrongHeader`."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        remedy = "Idempotency-Key must be 1 to 255 printable ASCII characters"
        raise WrongHeader("Idempotency-Key", "idempotency_key", remedy)
    return key


def consistency_token(request: Request) -> ConsistencyToken | None:
    """Return the token of `X-Consistency-Token`. Raises `InvalidToken`."""
    given = request.META.get("HTTP_X_CONSISTENCY_TOKEN")
    return None if given is None else decode_known(given)


def preferred_wait_s(request: Request) -> int | None:
    """Return the seconds of `Prefer: wait=N` (RFC 7240), at most 30; None without one.

    An unreadable preference is ignored, as the RFC requires.
    """
    preferred = request.META.get("HTTP_PREFER")
    wait = _WAIT.match(preferred) if preferred else None
    return min(int(wait[1]), MAX_WAIT_S) if wait else None
