"""Reports, and the history of an order: their addresses."""

from uuid import UUID

from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.request import Request

from cqrs.http import problems
from cqrs.http.schema import documents
from cqrs.http.views import QueryViewSet
from cqrs.results import Ok, Result
from readmodels.documents import OrderHistoryDocument, ProductSalesPage, SalesReport
from readmodels.queries import GetOrderHistory, GetProductSales, GetSalesReport
from readmodels.queries.results import Results
from readmodels.views import digest, respond


class ReportQueries(QueryViewSet):
    @documents(GetSalesReport, SalesReport)
    @action(detail=False)
    def sales(self, request: Request) -> HttpResponse:
        return respond_whole(request, self.ask(request, GetSalesReport))

    @documents(GetProductSales, ProductSalesPage)
    @action(detail=False)
    def products(self, request: Request) -> HttpResponse:
        return respond(request, self.ask(request, GetProductSales))


class OrderHistoryQueries(QueryViewSet):
    @documents(GetOrderHistory, OrderHistoryDocument)
    @action(detail=True)
    def history(self, request: Request, pk: UUID) -> HttpResponse:
        return respond_whole(request, self.ask(request, GetOrderHistory, order_id=pk))


def respond_whole(request: Request, result: Result[Results]) -> HttpResponse:
    """Turn the result of a query that is not paged into a response."""
    if not isinstance(result, Ok):
        return problems.rejected(request, result)
    body = ('{"results":[' + ",".join(result.value.documents) + "]}").encode()
    response = HttpResponse(body, content_type="application/json")
    response["ETag"] = f'"{digest(body)}"'
    return response
