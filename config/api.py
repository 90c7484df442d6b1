"""The addresses of the API: each resource joins its commands and its queries."""

from uuid import UUID

from django.urls import path, register_converter
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from cqrs.http.tokens import ObtainToken, RefreshAccess
from customers.views import CustomerCommands
from orders.views import OrderCommands, StockCommands
from readmodels.views.read_models import CustomerQueries, OrderExport, OrderQueries, ProductQueries
from readmodels.views.reports import OrderHistoryQueries, ReportQueries


class AnyCaseUUID:
    """A UUID in either case, as RFC 9562 says; Django's own converter takes lower case only."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

    def to_python(self, value: str) -> UUID:
        return UUID(value)

    def to_url(self, value: UUID | str) -> str:
        return str(value)


register_converter(AnyCaseUUID, "any_uuid")


class CustomerViewSet(CustomerCommands, CustomerQueries):
    lookup_value_converter = "any_uuid"


class OrderViewSet(OrderCommands, OrderQueries, OrderHistoryQueries):
    lookup_value_converter = "any_uuid"


class ProductViewSet(StockCommands, ProductQueries):
    lookup_value_converter = "any_uuid"


router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("customers", CustomerViewSet, basename="customer")
router.register("orders", OrderViewSet, basename="order")
router.register("products", ProductViewSet, basename="product")
router.register("reports", ReportQueries, basename="report")

urlpatterns = [
    path("auth/token", ObtainToken.as_view(), name="token"),
    path("auth/refresh", RefreshAccess.as_view(), name="refresh"),
    path("schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    # Written out: of two actions with one address, the router would offer the first one alone.
    path(
        "products/<any_uuid:pk>/stock",
        ProductViewSet.as_view({"get": "read_stock", "put": "set_stock"}),
        name="product-stock",
    ),
    path("orders.csv", OrderExport.as_view({"get": "export"}), name="order-export"),
    *router.urls,
]
