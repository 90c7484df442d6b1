"""The views of the reports and of an order's history."""

from uuid import UUID

from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.request import Request

from cqrs.http.read_views import ReadViewSet
from cqrs.http.schema import openapi
from readmodels.documents import OrderHistoryDocument, ProductSalesPage, SalesReport
from readmodels.queries import GetOrderHistory, GetProductSales, GetSalesReport


class ReportQueries(ReadViewSet):
    @openapi(GetSalesReport, SalesReport)
    @action(detail=False)
    def sales(self, request: Request) -> HttpResponse:
        return self.answer(request, GetSalesReport)

    @openapi(GetProductSales, ProductSalesPage)
    @action(detail=False)
    def products(self, request: Request) -> HttpResponse:
        return self.answer(request, GetProductSales)


class OrderHistoryQueries(ReadViewSet):
    @openapi(GetOrderHistory, OrderHistoryDocument)
    @action(detail=True)
    def history(self, request: Request, pk: UUID) -> HttpResponse:
        return self.answer(request, GetOrderHistory, order_id=pk)
