"""Events that a projection cannot apply."""

from collections.abc import Callable
from typing import Any

from cqrs.projections.models import ParkedEvent


class Poison:
    """A handler with a bug that hits the events of some orders."""

    def __init__(self, handler: Callable[..., Any], *keys: Any) -> None:
        self.handler = handler
        self.keys = {str(key) for key in keys}

    def __call__(self, document: Any, event: Any) -> Any:
        if event.data["order_id"] in self.keys:
            raise KeyError("a bug")
        return self.handler(document, event)


def parked(consumer: str = "orders") -> list[tuple[int, int]]:
    rows = ParkedEvent.objects.filter(consumer=consumer).order_by("position")
    return list(rows.values_list("position", "attempts"))
