"""The headers of requests and answers for OpenAPI."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

TAG = r'(W/)?"[!#-~]*"'
TAGS = {"type": "string", "pattern": rf"^(\*|({TAG}( *, *{TAG})*)?)$"}
VISIBLE = {"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"}
OPAQUE = {"type": "string", "pattern": "^[A-Za-z0-9_-]+={0,2}$"}

IF_MATCH = (
    "If-Match",
    "Answer 412 unless there is one of these entity tags, or any with *: `lost_past` when one is of"
    " a past that the log has lost, else `version_conflict`",
    TAGS,
)
IDEMPOTENCY_KEY = (
    "Idempotency-Key",
    "The same key and body within a day gives the first answer again, with Idempotency-Replayed",
    VISIBLE,
)
CHANGES_NOTHING_KNOWN = (
    "If-None-Match",
    "Answer 412 if there is one of these entity tags, or any with *: create only",
    TAGS,
)
PREFER_PROJECTED = ("Prefer", "wait=N: answer after the read models show it, or after N seconds")
PREFER_WAIT = ("Prefer", "wait=N: wait up to N seconds for what X-Consistency-Token names")
TOKEN = (
    "X-Consistency-Token",
    "From the answer of a command: read what it has written. One of a past that the log has lost is"
    " ignored, and the answer says X-Consistency-Lost. Another text is 400 `invalid_token`",
    OPAQUE,
)
KNOWN_TOKEN = (
    "X-Consistency-Token",
    "From an earlier answer: answer 409 `lost_past` when it is of a past that the log has lost."
    " Another text is 400 `invalid_token`",
    OPAQUE,
)
LOST = ("X-Consistency-Lost", "1, when the token was ignored: it is of a past that is lost")

ETAG = ("ETag", "Opaque: the version in quotes, with the epoch of the log in all but the first")
GIVEN_TOKEN = ("X-Consistency-Token", "Give it to a query to read what this command has written")
APPLIED = ("Preference-Applied", "wait=N, when the read models show it")
REPLAYED = ("Idempotency-Replayed", "true, when this is the answer to an earlier request")
LOCATION = ("Location", "Where the read side shows it")
IF_NONE_MATCH = ("If-None-Match", "Answer 304 if the answer still has one of these entity tags")
ALLOW = ("Allow", "The methods of this address")
WWW_AUTHENTICATE = ("WWW-Authenticate", "Bearer, with the realm")
RETRY_AFTER = ("Retry-After", "Seconds until it is worth another try")
READ_LAG = ("X-Read-Lag-Ms", "How long ago the read model was last known to be caught up, in ms")
CACHING = ("Cache-Control", "private: for the caller alone")
QUERY_ETAG = ("ETag", 'The version and a digest, "3.9f86d081", or for a list a digest')


REPLAYABLE = (404, 409, 412)
"""Refusals that are stored with an Idempotency-Key and answered again."""


def of_command(status: int) -> list[OpenApiParameter]:
    """Return the headers of a command's request and answer."""
    answers = [ETAG, GIVEN_TOKEN, APPLIED, REPLAYED]
    if status == 201:
        answers.append(LOCATION)
    asked = _asked(IF_MATCH, CHANGES_NOTHING_KNOWN, IDEMPOTENCY_KEY, KNOWN_TOKEN, PREFER_PROJECTED)
    replayed = [each for code in REPLAYABLE for each in _answered(code, REPLAYED)]
    return asked + _answered(status, *answers) + replayed + of_problems()


def of_query(tagged: bool) -> list[OpenApiParameter]:
    """Return the headers of a query's request and answer."""
    asked = _asked(TOKEN, PREFER_WAIT)
    always = asked + _answered(200, READ_LAG, CACHING, LOST) + _answered(404, LOST) + of_problems()
    if not tagged:
        return always
    again = _answered(304, QUERY_ETAG, READ_LAG, CACHING, LOST)
    return always + _asked(IF_MATCH, IF_NONE_MATCH) + _answered(200, QUERY_ETAG) + again


def of_problems() -> list[OpenApiParameter]:
    """Return the headers of the problems that every address can answer."""
    waits = [each for code in (429, 503) for each in _answered(code, RETRY_AFTER)]
    return _answered(401, WWW_AUTHENTICATE) + _answered(405, ALLOW) + waits


def _asked(*headers: tuple[Any, ...]) -> list[OpenApiParameter]:
    return [
        OpenApiParameter(name, kind[0] if kind else str, OpenApiParameter.HEADER, description=text)
        for name, text, *kind in headers
    ]


def _answered(status: int, *headers: tuple[str, str]) -> list[OpenApiParameter]:
    return [
        OpenApiParameter(
            name, str, OpenApiParameter.HEADER, description=text, response=[str(status)]
        )
        for name, text in headers
    ]
