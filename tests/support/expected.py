"""What the folds of the tests say of statuses and times, and what tables hold in their shape."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

STATUS = {"orders.order_confirmed": "confirmed", "orders.order_shipped": "shipped",
          "orders.order_delivered": "delivered", "orders.order_cancelled": "cancelled"}  # fmt: skip


def time(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def searched(model: Any) -> dict[str, str]:
    """Return what a search looks into, by the row that it finds."""
    return {str(row.pk): row.search_text for row in model.objects.all()}


def words(document: dict[str, Any], *names: str) -> str:
    """Return what a search should look into."""
    return "\n".join(document[name].casefold() for name in names)


def sums(model: Any) -> dict[str, Any]:
    """Return the documents of a report by key, with the revenue as a number."""
    found = {}
    for row in model.objects.all():
        document = orjson.loads(row.document)
        document["revenue"] = Decimal(document["revenue"])
        assert row.revenue == document["revenue"]
        found[row.pk] = document
    return found
