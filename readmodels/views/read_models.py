"""The read half of each resource: one query per request, whose bytes are copied."""

from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from cqrs.http import problems
from cqrs.http.files import CsvFile, CsvRenderer
from cqrs.http.read_views import ReadViewSet, with_lag, with_past
from cqrs.http.schema import openapi, openapi_csv
from cqrs.messaging.results import Rejected
from readmodels.documents import (
    CustomerDocument,
    CustomerPage,
    OrderDocument,
    OrderPage,
    StockDocument,
    StockPage,
)
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


class OrderQueries(ReadViewSet):
    @openapi(ListOrders, OrderPage)
    def list(self, request: Request) -> HttpResponse:
        return self.answer(request, ListOrders)

    @openapi(GetOrderById, OrderDocument)
    def retrieve(self, request: Request, pk: UUID) -> HttpResponse:
        return self.answer(request, GetOrderById, order_id=pk)


class CustomerQueries(ReadViewSet):
    @openapi(ListCustomers, CustomerPage)
    def list(self, request: Request) -> HttpResponse:
        return self.answer(request, ListCustomers)

    @openapi(GetCustomerById, CustomerDocument)
    def retrieve(self, request: Request, pk: UUID) -> HttpResponse:
        return self.answer(request, GetCustomerById, customer_id=pk)

    @openapi(GetOrdersByCustomer, OrderPage)
    @action(detail=True)
    def orders(self, request: Request, pk: UUID) -> HttpResponse:
        return self.answer(request, GetOrdersByCustomer, customer_id=pk)


class ProductQueries(ReadViewSet):
    @openapi(ListStock, StockPage)
    def list(self, request: Request) -> HttpResponse:
        return self.answer(request, ListStock)

    @openapi(GetStock, StockDocument)
    def read_stock(self, request: Request, pk: UUID) -> HttpResponse:
        return self.answer(request, GetStock, product_id=pk)


class OrderExport(ReadViewSet):
    renderer_classes = (CsvRenderer, JSONRenderer)

    @openapi_csv(ExportOrders)
    def export(self, request: Request) -> HttpResponseBase:
        lag_ms = self.lag_ms(ExportOrders)
        result = self.ask(request, ExportOrders)
        if isinstance(result, Rejected):
            return with_past(problems.rejected(request, result), result)
        return with_past(with_lag(CsvFile(result.value, "orders.csv"), lag_ms), result)
