"""Short ways to the situations that tests begin with, and to what the write side then holds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.messages import Command
from cqrs.messaging.results import Ok, Rejected
from cqrs.models import EventRecord, Pending
from customers.commands import RegisterCustomer
from customers.models import Customer
from orders.commands import ConfirmOrder, CreateOrder, DeliverOrder, SetStock, ShipOrder
from orders.models import Order, OrderLine, StockItem

ADDRESS = {
    "street": "12 Elm Street",
    "city": "Springfield",
    "state": "IL",
    "postal_code": "62701",
    "country": "US",
}
LIFE = {"confirmed": ConfirmOrder, "shipped": ShipOrder, "delivered": DeliverOrder}


def accepted(command: type[Command], **payload: Any) -> Any:
    """Send a command that must be accepted; return the state that it answers with."""
    result = bus.send(command, payload)
    assert isinstance(result, Ok), result
    return result.value


def refused(command: type[Command], **payload: Any) -> Rejected:
    """Send a command that must be refused, and see that it wrote nothing."""
    with nothing_written():
        result = bus.send(command, payload)
    assert isinstance(result, Rejected), result
    return result


def wrong_fields(rejected: Rejected) -> dict[str, str]:
    """Return the code of each wrong field of an invalid message."""
    assert rejected.code == "invalid"
    return {error.field: error.code for error in rejected.errors}


@contextmanager
def nothing_written() -> Iterator[None]:
    before = write_side()
    yield
    assert write_side() == before


def write_side() -> dict[str, list[dict[str, Any]]]:
    """Return every row of the write side."""
    models = (Customer, Order, OrderLine, StockItem, EventRecord, Pending)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def customer(**changes: Any) -> UUID:
    payload = {"name": "Ada", "email": f"{uuid7()}@example.com", **changes}
    return accepted(RegisterCustomer, **payload).id


def product(on_hand: int) -> UUID:
    product_id = uuid7()
    accepted(SetStock, product_id=product_id, on_hand=on_hand)
    return product_id


def line(product_id: UUID | None = None, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "product_id": str(product_id or uuid7()),
        "product_name": "Lamp",
        "quantity": quantity,
        "unit_price": "10.00",
        **changes,
    }


def content(customer_id: UUID, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the payload of an order."""
    return {
        "customer_id": str(customer_id),
        "items": list(items) or [line()],
        "shipping_address": ADDRESS,
        **changes,
    }


def order(*items: dict[str, Any], status: str = "pending") -> UUID:
    """Place an order and take it to a status on its way to `delivered`."""
    order_id = accepted(CreateOrder, **content(customer(), *items)).id
    for reached, command in LIFE.items():
        if status == "pending":
            break
        accepted(command, order_id=order_id)
        if reached == status:
            break
    return order_id


def stock(product_id: UUID) -> tuple[int, int, int]:
    """Return `on_hand`, `reserved` and the version."""
    return StockItem.objects.values_list("on_hand", "reserved", "version").get(pk=product_id)


def events(stream_id: UUID) -> list[tuple[str, int]]:
    """Return type and version of a stream's events."""
    return list(
        EventRecord.objects.filter(stream_id=stream_id)
        .order_by("id")
        .values_list("type", "version")
    )


def last_events(count: int) -> Sequence[EventRecord]:
    """Return the newest events of the log, oldest first."""
    return list(EventRecord.objects.order_by("-id")[:count])[::-1]
