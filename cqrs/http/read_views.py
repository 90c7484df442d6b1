"""Views of the read side: one query per request, stored documents copied as bytes."""

from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from cqrs.database.outages import ReadSideUnavailable, named
from cqrs.http import problems
from cqrs.http.conditional import json_or_not_modified
from cqrs.http.entity_tags import entity_tag
from cqrs.http.views import QueryViewSet
from cqrs.messaging.messages import Query
from cqrs.messaging.results import Rejected, Result
from cqrs.projections.lag import Past, read_lag
from cqrs.queries.pages import Page, StoredDocument
from cqrs.queries.results import Results, digest

Response = TypeVar("Response", bound=HttpResponseBase)


class ReadViewSet(QueryViewSet):
    """Answers with stored documents, their age (`X-Read-Lag-Ms`) and their entity tag."""

    def answer(self, request: Request, query_type: type[Query], **path: UUID) -> HttpResponse:
        lag_ms, past = self.lag_ms(query_type), self.past(query_type)
        result = self.ask(request, query_type, **path)
        if isinstance(result, Rejected):
            return with_past(problems.rejected(request, result), result)
        if result.is_token_lost:  # which has asked again, before it read the answer
            past = read_lag.known_past(query_type.projection)
        value, tag = result.value, etag(result.value, past)
        response = json_or_not_modified(request, tag, lambda: body(request, value))
        return with_past(with_lag(response, lag_ms), result)

    def lag_ms(self, query_type: type[Query]) -> int | None:
        with named(ReadSideUnavailable):
            return read_lag.ms(query_type.projection)

    def past(self, query_type: type[Query]) -> Past:
        with named(ReadSideUnavailable):
            return read_lag.past(query_type.projection)


def with_lag(response: Response, lag_ms: int | None) -> Response:
    if lag_ms is not None:
        response["X-Read-Lag-Ms"] = str(lag_ms)
    return response


def with_past(response: Response, result: Result[Any]) -> Response:
    """Say that the token was ignored, when it is of a past that the log has lost."""
    if result.is_token_lost:
        response["X-Consistency-Lost"] = "1"
    return response


def etag(answer: StoredDocument | Page | Results, past: Past) -> str:
    """Return the entity tag. That of a document starts with its version, for `If-Match`.

    It is weak, and no command accepts it, while the answer can be of a past that is lost.
    """
    weak = "W/" if past.is_healing else ""
    if isinstance(answer, StoredDocument):
        text = f"{answer.version}.{digest(answer.body.encode())}"
        return weak + entity_tag(text, past.epoch)
    return weak + entity_tag(answer.tag, past.epoch)


def body(request: Request, answer: StoredDocument | Page | Results) -> bytes:
    """Join stored documents without parsing them."""
    if isinstance(answer, StoredDocument):
        return answer.body.encode()
    if isinstance(answer, Results):
        return b'{"results":[%b]}' % answer.body
    return b'%b,"results":[%b]}' % (page_head(request, answer)[:-1], answer.results.body)


def page_head(request: Request, page: Page) -> bytes:
    previous_link, next_link = _links(request, page)
    return orjson.dumps(
        {
            "count": page.count,
            "count_capped": page.count_capped,
            "page": page.page,
            "page_size": page.page_size,
            "next": next_link,
            "previous": previous_link,
        }
    )


def _links(request: Request, page: Page) -> tuple[str | None, str | None]:
    """Return the addresses of the pages before and after this one."""
    if page.page is None:
        return _link(request, "cursor", page.previous), _link(request, "cursor", page.next)
    before, after = page.page - 1 or None, page.page + 1 if page.has_next else None
    return _link(request, "page", before), _link(request, "page", after)


def _link(request: Request, name: str, value: object) -> str | None:
    if value is None:
        return None
    given = request.query_params.lists()
    parameters = {**{key: values for key, values in given if key != name}, name: [value]}
    return f"{request.build_absolute_uri(request.path)}?{urlencode(parameters, doseq=True)}"
