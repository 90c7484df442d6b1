"""Its serializers, filter, pager and views."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django_filters import rest_framework as filters
from rest_framework import generics, pagination, serializers
from rest_framework.response import Response

from benchmarks.rivals.normalized.models import Line, Order


class LineSerializer(serializers.ModelSerializer[Line]):
    class Meta:
        model = Line
        fields = (
            "product_id", "product_name", "quantity", "unit_price", "currency", "line_total",
        )  # fmt: skip


class OrderSerializer(serializers.ModelSerializer[Order]):
    customer_id = serializers.UUIDField()
    customer_name = serializers.CharField(source="customer.name")
    customer_email = serializers.CharField(source="customer.email")
    items = LineSerializer(many=True)
    item_count = serializers.IntegerField(source="items.all.__len__")
    shipping_address = serializers.CharField()

    class Meta:
        model = Order
        fields = (
            "id", "customer_id", "customer_name", "customer_email", "status", "items",
            "total_amount", "currency", "item_count", "order_date", "updated_at",
            "shipping_address", "special_instructions", "carrier", "tracking_number", "version",
        )  # fmt: skip


class OrderFilter(filters.FilterSet):
    class Meta:
        model = Order
        fields = ("status", "currency")


class Pager(pagination.PageNumberPagination):
    page_size = 10
    page_size_query_param = "page_size"

    def get_paginated_response(self, data: Any) -> Response:
        assert self.page is not None
        return Response(
            {
                "count": self.page.paginator.count,
                "count_capped": False,
                "page": self.page.number,
                "page_size": self.page.paginator.per_page,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
            }
        )


class CustomerOrders(generics.ListAPIView[Order]):
    serializer_class = OrderSerializer
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = OrderFilter
    pagination_class = Pager

    def get_queryset(self) -> Any:
        orders = Order.objects.filter(customer_id=self.kwargs["customer_id"])
        return orders.select_related("customer").prefetch_related("items")


class OneOrder(generics.RetrieveAPIView[Order]):
    serializer_class = OrderSerializer
    queryset = Order.objects.select_related("customer").prefetch_related("items")


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"ready")


urlpatterns = [
    path("api/customers/<uuid:customer_id>/orders", CustomerOrders.as_view()),
    path("api/orders/<uuid:pk>", OneOrder.as_view()),
    path("ready", ready),
]
