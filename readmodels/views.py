"""The read half of each resource: one query per request, bytes copied."""

from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from cqrs.http import problems
from cqrs.http.conditional import json_or_not_modified
from cqrs.http.files import CsvFile, CsvRenderer
from cqrs.http.schema import documents, documents_csv
from cqrs.http.views import QueryViewSet
from cqrs.messages import Query
from cqrs.outages import ReadSideUnavailable, named
from cqrs.results import Rejected
from readmodels.documents import (
    CustomerDocument,
    CustomerPage,
    OrderDocument,
    OrderPage,
    StockDocument,
    StockPage,
)
from readmodels.lag import read_lag_ms
from readmodels.queries import (
    ExportOrders,
    GetCustomerById,
    GetOrderById,
    GetOrdersByCustomer,
    GetStock,
    ListCustomers,
    ListOrders,
    ListStock,
)
from readmodels.queries.paging import Document, Page
from readmodels.queries.results import Results, digest

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
            return read_lag_ms(query_type.projection)


class OrderQueries(ReadViewSet):
    @documents(ListOrders, OrderPage)
    def list(self, request: Request) -> HttpResponse:
        return self.answer(request, ListOrders)

    @documents(GetOrderById, OrderDocument)
    def retrieve(self, request: Request, pk: UUID) -> HttpResponse:
        return self.answer(request, GetOrderById, order_id=pk)


class CustomerQueries(ReadViewSet):
    @documents(ListCustomers, CustomerPage)
    def list(self, request: Request) -> HttpResponse:
        return self.answer(request, ListCustomers)

    @documents(GetCustomerById, CustomerDocument)
    def retrieve(self, request: Request, pk: UUID) -> HttpResponse:
        return self.answer(request, GetCustomerById, customer_id=pk)

    @documents(GetOrdersByCustomer, OrderPage)
    @action(detail=True)
    def orders(self, request: Request, pk: UUID) -> HttpResponse:
        return self.answer(request, GetOrdersByCustomer, customer_id=pk)


class ProductQueries(ReadViewSet):
    @documents(ListStock, StockPage)
    def list(self, request: Request) -> HttpResponse:
        return self.answer(request, ListStock)

    @documents(GetStock, StockDocument)
    def read_stock(self, request: Request, pk: UUID) -> HttpResponse:
        return self.answer(request, GetStock, product_id=pk)


class OrderExport(ReadViewSet):
    renderer_classes = (CsvRenderer, JSONRenderer)

    @documents_csv(ExportOrders)
    def export(self, request: Request) -> HttpResponseBase:
        lag_ms = self.lag_ms(ExportOrders)
        result = self.ask(request, ExportOrders)
        if isinstance(result, Rejected):
            return problems.rejected(request, result)
        return with_lag(CsvFile(result.value, "orders.csv"), lag_ms)


def with_lag(response: Response, lag_ms: int | None) -> Response:
    if lag_ms is not None:
        response["X-Read-Lag-Ms"] = str(lag_ms)
    return response


def etag(answer: Document | Page | Results) -> str:
    """Return the entity tag. A document's says its version, for `If-Match`."""
    if isinstance(answer, Document):
        return f'"{answer.version}.{digest(answer.body.encode())}"'
    return f'"{answer.tag}"'


def body(request: Request, answer: Document | Page | Results) -> bytes:
    """Join stored documents without parsing them."""
    if isinstance(answer, Document):
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
