"""The write half of `/api/customers`."""

from uuid import UUID

from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.request import Request

from cqrs.http.schema import openapi
from cqrs.http.views import CommandViewSet
from customers.commands import DeactivateCustomer, RegisterCustomer, UpdateCustomer
from customers.models import CustomerState

COLLECTION = "/api/customers"


class CustomerCommands(CommandViewSet):
    @openapi(RegisterCustomer, CustomerState, status=201)
    def create(self, request: Request) -> HttpResponse:
        return self.send(request, RegisterCustomer, creates_in=COLLECTION)

    @openapi(UpdateCustomer, CustomerState)
    def partial_update(self, request: Request, pk: UUID) -> HttpResponse:
        return self.send(request, UpdateCustomer, customer_id=pk)

    @openapi(DeactivateCustomer, CustomerState)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: UUID) -> HttpResponse:
        return self.send(request, DeactivateCustomer, customer_id=pk)
