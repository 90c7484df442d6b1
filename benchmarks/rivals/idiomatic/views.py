"""Its serializers and its view."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework import generics, serializers

from benchmarks.rivals.idiomatic.models import Customer, Line, Order, Stock

ADDRESS = ("street", "city", "state", "postal_code", "country")


class LineSerializer(serializers.ModelSerializer[Line]):
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)

    class Meta:
        model = Line
        fields = ("product_id", "product_name", "quantity", "unit_price", "line_total")
        read_only_fields = ("line_total",)


class AddressSerializer(serializers.ModelSerializer[Order]):
    class Meta:
        model = Order
        fields = ADDRESS


class OrderSerializer(serializers.ModelSerializer[Order]):
    customer_id = serializers.PrimaryKeyRelatedField(
        source="customer", queryset=Customer.objects.filter(is_active=True)
    )
    items = LineSerializer(many=True)
    shipping_address = AddressSerializer(source="*")

    class Meta:
        model = Order
        fields = (
            "id", "customer_id", "status", "items", "shipping_address", "special_instructions",
            "total_amount", "currency", "order_date",
        )  # fmt: skip
        read_only_fields = ("id", "status", "total_amount", "currency", "order_date")

    def create(self, validated_data: dict[str, Any]) -> Order:
        items = validated_data.pop("items")
        for item in items:
            item["line_total"] = item["unit_price"] * item["quantity"]
        with transaction.atomic():
            reserve(items)
            total = sum(item["line_total"] for item in items)
            order: Order = Order.objects.create(**validated_data, total_amount=total)
            Line.objects.bulk_create([Line(order=order, **item) for item in items])
        return order


def reserve(items: list[dict[str, Any]]) -> None:
    wanted = {item["product_id"]: item["quantity"] for item in items}
    rows = list(Stock.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))
    for row in rows:
        row.reserved += wanted[row.pk]
        if row.reserved > row.on_hand:
            raise serializers.ValidationError({"items": f"Out of stock: {row.pk}"})
    Stock.objects.bulk_update(rows, ["reserved"])


class CreateOrder(generics.CreateAPIView[Order]):
    serializer_class = OrderSerializer
    queryset = Order.objects.all()


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"ready")


urlpatterns = [path("api/orders", CreateOrder.as_view()), path("ready", ready)]
