"""The headers of requests and answers for OpenAPI."""

from drf_spectacular.utils import OpenApiParameter

IF_MATCH = ("If-Match", "Answer 412 unless the aggregate still has this entity tag")
IDEMPOTENCY_KEY = (
    "Idempotency-Key",
    "The same key and body within a day gives the first answer again, with Idempotency-Replayed",
)
PREFER_PROJECTED = ("Prefer", "wait=N: answer after the read models show it, or after N seconds")
PREFER_WAIT = ("Prefer", "wait=N: wait up to N seconds for what X-Consistency-Token names")
TOKEN = ("X-Consistency-Token", "From the answer of a command: read what it has written")

ETAG = ("ETag", "The version, in quotes")
GIVEN_TOKEN = ("X-Consistency-Token", "Give it to a query to read what this command has written")
APPLIED = ("Preference-Applied", "wait=N, when the read models show it")
REPLAYED = ("Idempotency-Replayed", "true, when this is the answer to an earlier request")
LOCATION = ("Location", "Where the read side shows it")
IF_NONE_MATCH = ("If-None-Match", "Answer 304 if the answer still has one of these entity tags")
READ_LAG = ("X-Read-Lag-Ms", "How long ago the read model was last known to be caught up, in ms")
CACHING = ("Cache-Control", "private: for the caller alone")
QUERY_ETAG = ("ETag", 'The version and a digest, "3.9f86d081", or for a list a digest')


def of_command(status: int) -> list[OpenApiParameter]:
    """Return the headers of a command's request and answer."""
    answers = [ETAG, GIVEN_TOKEN, APPLIED, REPLAYED]
    if status == 201:
        answers.append(LOCATION)
    return _asked(IF_MATCH, IDEMPOTENCY_KEY, PREFER_PROJECTED) + _answered(status, *answers)


def of_query(tagged: bool) -> list[OpenApiParameter]:
    """Return the headers of a query's request and answer."""
    always = _asked(TOKEN, PREFER_WAIT) + _answered(200, READ_LAG, CACHING)
    if not tagged:
        return always
    again = _answered(304, QUERY_ETAG, READ_LAG, CACHING)
    return always + _asked(IF_NONE_MATCH) + _answered(200, QUERY_ETAG) + again


def _asked(*headers: tuple[str, str]) -> list[OpenApiParameter]:
    return [
        OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text)
        for name, text in headers
    ]


def _answered(status: int, *headers: tuple[str, str]) -> list[OpenApiParameter]:
    return [
        OpenApiParameter(
            name, str, OpenApiParameter.HEADER, description=text, response=[str(status)]
        )
        for name, text in headers
    ]
