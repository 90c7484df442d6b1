"""The demo data: customers, products and 300 orders in every status, the same on each run."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from cqrs.messaging.messages import Command
from orders.commands import CancelOrder, ConfirmOrder, DeliverOrder, ShipOrder

SEED = 7
ORDERS, CUSTOMERS, DAYS = 300, 40, 90

FIRST_NAMES = ("Ada", "Bela", "Chidi", "Dana", "Emil", "Farah", "Goran", "Hana")
LAST_NAMES = ("Okafor", "Lindqvist", "Moreau", "Tanaka", "Silva")
PRODUCTS = (
    ("Field notebook", "4.50"), ("Fountain pen", "38.00"), ("Desk lamp", "64.90"),
    ("Paper clips, 100", "1.99"), ("Archive box", "7.25"), ("Label printer", "119.00"),
    ("Stapler", "12.40"), ("Standing mat", "89.50"), ("Cable tray", "24.95"),
    ("Whiteboard", "142.00"), ("Marker set", "9.75"), ("Coffee beans, 1 kg", "21.30"),
)  # fmt: skip
CITIES = (("Lisbon", "LX", "1100-001", "PT"), ("Lyon", "ARA", "69001", "FR"),
          ("Graz", "ST", "8010", "AT"), ("Osaka", "27", "530-0001", "JP"))  # fmt: skip

CONFIRM, SHIP, DELIVER, CANCEL = ConfirmOrder, ShipOrder, DeliverOrder, CancelOrder
# The commands after an order was placed, and their weight.
HISTORIES: tuple[tuple[tuple[type[Command], ...], int], ...] = (
    ((CONFIRM, SHIP, DELIVER), 50),
    ((CONFIRM, SHIP), 15),
    ((CONFIRM,), 12),
    ((), 13),
    ((CANCEL,), 6),
    ((CONFIRM, CANCEL), 4),
)


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """One order to place, and the commands after that."""

    payload: dict[str, Any]
    steps: tuple[type[Command], ...]

    @property
    def order_id(self) -> UUID:
        return UUID(str(self.payload["order_id"]))


def demo_id(kind: str, number: int) -> UUID:
    """Return the id of the demo's n-th customer, product or order: the same on every machine."""
    return uuid5(NAMESPACE_DNS, f"{kind}-{number}.demo.order-desk.invalid")


def customers(now: datetime) -> Iterator[dict[str, Any]]:
    """Yield payloads of `ImportCustomer`."""
    for number in range(CUSTOMERS):
        name = f"{FIRST_NAMES[number % 8]} {LAST_NAMES[number // 8]}"
        yield {
            "customer_id": demo_id("customer", number),
            "name": name,
            "email": f"{name.lower().replace(' ', '.')}@example.com",
            "registered_at": now - timedelta(days=DAYS + number),
        }


def products() -> Iterator[dict[str, Any]]:
    """Yield payloads of `SetStock`."""
    for number, (name, _price) in enumerate(PRODUCTS):
        yield {
            "product_id": demo_id("product", number),
            "on_hand": 5_000,
            "sku": f"DESK-{number + 1:03}",
            "name": name,
        }


def orders(now: datetime) -> Iterator[DemoOrder]:
    """Yield the orders, oldest first."""
    rng = random.Random(SEED)  # noqa: S311  not a secret
    histories, weights = zip(*HISTORIES, strict=True)
    for number in range(ORDERS):
        age = timedelta(days=DAYS * (1 - number / ORDERS), minutes=rng.randrange(600))
        city, state, postal_code, country = rng.choice(CITIES)
        payload = {
            "order_id": demo_id("order", number),
            "order_date": min(now, now - age + timedelta(minutes=600)),
            "customer_id": demo_id("customer", rng.randrange(CUSTOMERS)),
            "items": [_item(product, rng) for product in rng.sample(range(12), rng.randint(1, 4))],
            "shipping_address": {
                "street": f"{rng.randint(1, 200)} Market Street",
                "city": city,
                "state": state,
                "postal_code": postal_code,
                "country": country,
            },
            "currency": "EUR" if rng.random() < 0.2 else "USD",
        }
        yield DemoOrder(payload, rng.choices(histories, weights)[0])


def _item(product: int, rng: random.Random) -> dict[str, Any]:
    name, price = PRODUCTS[product]
    return {
        "product_id": demo_id("product", product),
        "product_name": name,
        "quantity": rng.randint(1, 5),
        "unit_price": Decimal(price),
    }
