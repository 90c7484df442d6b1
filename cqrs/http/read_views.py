"""The read half of a resource: one query per request, bytes copied."""

from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from cqrs.database.outages import ReadSideUnavailable, named
from cqrs.http import problems
from cqrs.http.conditional import json_or_not_modified
from cqrs.http.views import QueryViewSet
from cqrs.messaging.messages import Query
from cqrs.messaging.results import Rejected
from cqrs.projections.lag import read_lag
from cqrs.queries.pages import Page, StoredDocument
from cqrs.queries.results import Results, digest

Response = TypeVar("Response", bound=HttpResponseBase)


class ReadViewSet(QueryViewSet):
    """Answers with what is stored, how old that may be, and a tag to ask for it again."""

    def answer(self, request: Request, query_type: type[Query], **path: UUID) -> HttpResponse:
        lag_ms = self.lag_ms(query_type)
        result = self.ask(request, query_type, **path)
        if isinstance(result, Rejected):
            return problems.rejected(request, result)
        value = result.value
        response = json_or_not_modified(request, etag(value), lambda: body(request, value))
        return with_lag(response, lag_ms)

    def lag_ms(self, query_type: type[Query]) -> int | None:
        with named(ReadSideUnavailable):
            return read_lag.ms(query_type.projection)


def with_lag(response: Response, lag_ms: int | None) -> Response:
    if lag_ms is not None:
        response["X-Read-Lag-Ms"] = str(lag_ms)
    return response


def etag(answer: StoredDocument | Page | Results) -> str:
    """Return the entity tag. A document's says its version, for `If-Match`."""
    if isinstance(answer, StoredDocument):
        return f'"{answer.version}.{digest(answer.body.encode())}"'
    return f'"{answer.tag}"'


def body(request: Request, answer: StoredDocument | Page | Results) -> bytes:
    """Join stored documents without parsing them."""
    if isinstance(answer, StoredDocument):
        return answer.body.encode()
    if isinstance(answer, Results):
        return b'{"results":[%b]}' % answer.body
    return b'%b,"results":[%b]}' % (page_head(request, answer)[:-1], answer.results.body)


def page_head(request: Request, page: Page) -> bytes:
    previous, following = _links(request, page)
    return orjson.dumps(
        {
            "count": page.count,
            "count_capped": page.count_capped,
            "page": page.page,
            "page_size": page.page_size,
            "next": following,
            "previous": previous,
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
