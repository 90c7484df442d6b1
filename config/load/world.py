"""What the users of the load share: their customers and products, and what the server confirmed."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar
from uuid import NAMESPACE_DNS, uuid4, uuid5

from config.demo.desk import CITIES, FIRST_NAMES, LAST_NAMES, PRODUCTS

CUSTOMERS = 20
ON_HAND = 100_000_000
SEEN = 2_000
SKEW = 3
"""With 20 customers the first one gets 37 % of the orders."""
One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The last state of an order that a command's answer confirmed."""

    customer: str
    version: int
    status: str
    token: str


@dataclass
class World:
    """Shared by all threads: each of its changes is one operation of a built-in type."""

    orders_wanted: int
    customers: list[str] = field(default_factory=list)
    confirmed_customers: dict[str, str] = field(default_factory=dict)
    """The token of each customer's registration."""
    confirmed: dict[str, Confirmed] = field(default_factory=dict)
    seen: deque[str] = field(default_factory=lambda: deque(maxlen=SEEN))
    """Orders that lists showed."""
    _begun: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin_order(self) -> bool:
        """Count one more order to place; False when there are enough."""
        with self._lock:
            if self._begun >= self.orders_wanted:
                return False
            self._begun += 1
            return True


def skewed(random: Random, items: Sequence[One]) -> One:
    """Choose an item: the first ones much more often."""
    return items[int(len(items) * random.random() ** SKEW)]


def customer_body(random: Random) -> dict[str, Any]:
    """Return a customer to whom no mail can be sent."""
    name = f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"
    return {"name": name, "email": f"load-{uuid4()}@load.invalid"}


def product_id(number: int) -> str:
    """Return the id of the load's n-th product: the same in every run."""
    return str(uuid5(NAMESPACE_DNS, f"product-{number}.load.order-desk.invalid"))


def stock_body(number: int) -> dict[str, Any]:
    name = PRODUCTS[number][0]
    return {"on_hand": ON_HAND, "sku": f"LOAD-{number + 1:03}", "name": name}


def order_body(random: Random, customer: str) -> dict[str, Any]:
    city, state, postal_code, country = random.choice(CITIES)
    numbers = {skewed(random, range(len(PRODUCTS))) for _ in range(random.randint(1, 4))}
    return {
        "customer_id": customer,
        "items": [_item(random, number) for number in sorted(numbers)],
        "shipping_address": {
            "street": f"{random.randint(1, 200)} Market Street",
            "city": city,
            "state": state,
            "postal_code": postal_code,
            "country": country,
        },
    }


def _item(random: Random, number: int) -> dict[str, Any]:
    name, price = PRODUCTS[number]
    quantity = random.randint(1, 5)
    return {
        "product_id": product_id(number),
        "product_name": name,
        "quantity": quantity,
        "unit_price": price,
    }
