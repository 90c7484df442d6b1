"""What the rows that write share: the orders that are placed, and that all answer the same."""

import json
import random
from typing import Any

from benchmarks.synthetic_orders import PRODUCTS, customers_of, made_id
from benchmarks.web import Web

ORDERS = 10_000  # of the data set that is written to
PLACED = 500  # different orders, placed in turn
ADDRESS = {"street": "1 Main Street", "city": "Springfield", "state": "IL",
           "postal_code": "62701", "country": "US"}  # fmt: skip
OWN_FIELDS = {"id", "order_date", "version", "carrier", "tracking_number"}


def payloads() -> list[dict[str, Any]]:
    """Return orders of three tracked products each, the same every time."""
    chance = random.Random(11)
    return [
        {
            "customer_id": str(made_id("customer", chance.randrange(customers_of(ORDERS)))),
            "items": [_item(number, chance) for number in chance.sample(range(PRODUCTS), 3)],
            "shipping_address": ADDRESS,
        }
        for _ in range(PLACED)
    ]


def posts() -> list[dict[str, Any]]:
    return [{"method": "POST", "path": "/api/orders", "body": one} for one in payloads()]


def refuse_differences(*servers: Web) -> None:
    """Raise unless all servers say the same of the same order, but for what is their own."""
    for payload in payloads()[:10]:
        answers = [_answer(web, payload) for web in servers]
        if any(answer != answers[0] for answer in answers[1:]):
            raise AssertionError(f"answers differ: {answers}")


def _answer(web: Web, payload: dict[str, Any]) -> dict[str, Any]:
    status, _, body = web.send("POST", "/api/orders", payload)
    if status != 201:
        raise AssertionError(f"{status} {body[:500]!r}")
    answer = json.loads(body)
    for line in answer["items"]:
        line.pop("currency", None)
    return {name: value for name, value in answer.items() if name not in OWN_FIELDS}


def _item(number: int, chance: random.Random) -> dict[str, Any]:
    return {
        "product_id": str(made_id("product", number)),
        "product_name": f"Product {number:04}",
        "quantity": chance.randint(1, 3),
        "unit_price": f"{1 + number % 90}.{number % 100:02}",
    }
