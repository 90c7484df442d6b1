"""The write half of `/api/orders` and `/api/products`."""

from uuid import UUID

from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.request import Request

from cqrs.http.schema import openapi
from cqrs.http.views import CommandViewSet
from orders.commands import (
    CancelOrder,
    ConfirmOrder,
    CreateOrder,
    DeliverOrder,
    SetStock,
    ShipOrder,
)
from orders.models import OrderState, StockState

COLLECTION = "/api/orders"


class OrderCommands(CommandViewSet):
    @openapi(CreateOrder, OrderState, status=201)
    def create(self, request: Request) -> HttpResponse:
        return self.send(request, CreateOrder, creates_in=COLLECTION)

    @openapi(ConfirmOrder, OrderState)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: UUID) -> HttpResponse:
        return self.send(request, ConfirmOrder, order_id=pk)

    @openapi(ShipOrder, OrderState)
    @action(detail=True, methods=["post"])
    def ship(self, request: Request, pk: UUID) -> HttpResponse:
        return self.send(request, ShipOrder, order_id=pk)

    @openapi(DeliverOrder, OrderState)
    @action(detail=True, methods=["post"])
    def deliver(self, request: Request, pk: UUID) -> HttpResponse:
        return self.send(request, DeliverOrder, order_id=pk)

    @openapi(CancelOrder, OrderState)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> HttpResponse:
        return self.send(request, CancelOrder, order_id=pk)


class StockCommands(CommandViewSet):
    @openapi(SetStock, StockState)
    def set_stock(self, request: Request, pk: UUID) -> HttpResponse:
        return self.send(request, SetStock, product_id=pk)
