"""Parse the request headers that change how a message is handled.

They are read from META, because `request.headers` copies all headers for every request.
"""

import re

from rest_framework.request import Request

from cqrs.messaging.results import FieldError

MAX_WAIT_S = 30

# "<version>" from a command's answer or "<version>.<digest>" from a query's
_ENTITY_TAG = re.compile(r'(?:W/)?"(\d{1,9})(?:\.[^"]*)?"')
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,99})"?\s*(?=$|[,;])', re.IGNORECASE)


class WrongHeader(ValueError):
    """A header cannot be read. `error` is its entry in the problem document."""

    def __init__(self, field: str, code: str, remedy: str) -> None:
        super().__init__(remedy)
        self.error = FieldError(field, code, remedy)


def expected_version(request: Request) -> int | None:
    """Return the version that `If-Match` expects; None for any. Raises `WrongHeader`."""
    header = request.META.get("HTTP_IF_MATCH", "*").strip()
    if header == "*":
        return None
    tag = _ENTITY_TAG.fullmatch(header)
    if tag is None:
        remedy = 'If-Match must be one entity tag such as "3", as the last answer gave it'
        raise WrongHeader("If-Match", "entity_tag", remedy)
    return int(tag[1])


def idempotency_key(request: Request) -> str | None:
    """Return the `Idempotency-Key`. Raises `WrongHeader`."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        remedy = "Idempotency-Key must be 1 to 255 printable ASCII characters"
        raise WrongHeader("Idempotency-Key", "idempotency_key", remedy)
    return key


def preferred_wait_s(request: Request) -> int | None:
    """Return the seconds of `Prefer: wait=N` (RFC 7240), at most 30; None without one.

    An unreadable preference is ignored, as the RFC requires.
    """
    preferred = request.META.get("HTTP_PREFER")
    wait = _WAIT.search(preferred) if preferred else None
    return min(int(wait[1]), MAX_WAIT_S) if wait else None
