"""Place and flag orders: events of a type, and of a schema version, that the older build lacks."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db import transaction

from cqrs.event_log.aggregates import load_for_change
from cqrs.event_log.events import publish
from cqrs.messaging import bus
from cqrs.messaging.context import system_context, use_context
from cqrs.messaging.ids import uuid7
from cqrs.messaging.messages import Command as Message
from cqrs.messaging.results import Ok
from customers.commands import RegisterCustomer, UpdateCustomer
from orders.commands import ConfirmOrder, CreateOrder
from orders.events import OrderFlagged
from orders.models import Order

ADDRESS = {
    "street": "12 Elm Street",
    "city": "Springfield",
    "state": "IL",
    "postal_code": "62701",
    "country": "US",
}
ABOUT = ("customer_id", "order_date", "currency", "total_amount")


class Command(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int)

    def handle(self, *, count: int, **_: Any) -> None:
        with use_context(system_context(actor="newer build")):
            for _number in range(count):
                place_and_flag()


def place_and_flag() -> None:
    """Between the new events stand some that the older build knows, of the same aggregates."""
    buyer = accepted(RegisterCustomer, name="Ada", email=f"{uuid7()}@example.com").id
    line = {"product_id": str(uuid7()), "product_name": "Lamp", "quantity": 1, "unit_price": "9"}
    content = {"customer_id": str(buyer), "items": [line], "shipping_address": ADDRESS}
    order = accepted(CreateOrder, **content).id
    accepted(UpdateCustomer, customer_id=buyer, name="Grace")
    flag(order)
    accepted(ConfirmOrder, order_id=order)


def flag(order_id: UUID) -> None:
    with transaction.atomic():
        order = load_for_change(Order, order_id, None)
        order.version += 1
        order.store()
        about = {name: getattr(order, name) for name in ABOUT}
        publish((order, OrderFlagged(order_id=order.id, **about)))


def accepted(command: type[Message], **payload: Any) -> Any:
    result = bus.send(command, payload)
    assert isinstance(result, Ok), result
    return result.value
