"""The read half of each resource: one query per request, bytes copied."""

import hashlib
from uuid import UUID

import orjson
from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.request import Request

from cqrs.http import problems
from cqrs.http.schema import documents
from cqrs.http.views import QueryViewSet
from cqrs.results import Rejected
from readmodels.documents import (
    CustomerDocument,
    CustomerPage,
    OrderDocument,
    OrderPage,
    StockDocument,
    StockPage,
)
from readmodels.queries import (
    GetCustomerById,
    GetOrderById,
    GetOrdersByCustomer,
    GetStock,
    ListCustomers,
    ListOrders,
    ListStock,
)
from readmodels.queries.paging import Document, Page


class OrderQueries(QueryViewSet):
    @documents(ListOrders, OrderPage)
    def list(self, request: Request) -> HttpResponse:
        return respond(request, self.ask(request, ListOrders))

    @documents(GetOrderById, OrderDocument)
    def retrieve(self, request: Request, pk: UUID) -> HttpResponse:
        return respond(request, self.ask(request, GetOrderById, order_id=pk))


class CustomerQueries(QueryViewSet):
    @documents(ListCustomers, CustomerPage)
    def list(self, request: Request) -> HttpResponse:
        return respond(request, self.ask(request, ListCustomers))

    @documents(GetCustomerById, CustomerDocument)
    def retrieve(self, request: Request, pk: UUID) -> HttpResponse:
        return respond(request, self.ask(request, GetCustomerById, customer_id=pk))

    @documents(GetOrdersByCustomer, OrderPage)
    @action(detail=True)
    def orders(self, request: Request, pk: UUID) -> HttpResponse:
        return respond(request, self.ask(request, GetOrdersByCustomer, customer_id=pk))


class ProductQueries(QueryViewSet):
    @documents(ListStock, StockPage)
    def list(self, request: Request) -> HttpResponse:
        return respond(request, self.ask(request, ListStock))

    @documents(GetStock, StockDocument)
    def read_stock(self, request: Request, pk: UUID) -> HttpResponse:
        return respond(request, self.ask(request, GetStock, product_id=pk))


def respond(request: Request, result: object) -> HttpResponse:
    """Turn a query's result into a response."""
    if isinstance(result, Rejected):
        return problems.rejected(request, result)
    answer = result.value  # type: ignore[attr-defined]
    if isinstance(answer, Document):
        body = answer.body.encode()
        return _json(body, f'"{answer.version}.{digest(body)}"')
    body = page_body(request, answer)
    return _json(body, f'"{digest(body)}"')


def page_body(request: Request, page: Page) -> bytes:
    """Join stored documents into a list without parsing them."""
    previous, following = _links(request, page)
    head = orjson.dumps(
        {
            "count": page.count,
            "count_capped": page.count_capped,
            "page": page.page,
            "page_size": page.page_size,
            "next": following,
            "previous": previous,
        }
    )
    return head[:-1] + b',"results":[' + ",".join(page.documents).encode() + b"]}"


def _links(request: Request, page: Page) -> tuple[str | None, str | None]:
    """Return the addresses of the pages before and after this one."""
    if page.page is None:
        return _link(request, "cursor", page.previous), _link(request, "cursor", page.next)
    before, after = page.page - 1 or None, page.page + 1 if page.has_next else None
    return _link(request, "page", before), _link(request, "page", after)


def _link(request: Request, name: str, value: object) -> str | None:
    if value is None:
        return None
    parameters = request.query_params.copy()
    parameters[name] = str(value)
    return f"{request.build_absolute_uri(request.path)}?{parameters.urlencode()}"


def digest(body: bytes) -> str:
    """Return a short fingerprint of a body, for entity tags."""
    return hashlib.blake2b(body, digest_size=8).hexdigest()


def _json(body: bytes, etag: str) -> HttpResponse:
    response = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    return response
