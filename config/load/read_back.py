"""Read back what the server confirmed: each customer, and each order in that state or later."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from config.load.caller import TOKEN, Caller, Stopped
from config.load.reads import path_of
from config.load.world import Confirmed, World


@dataclass(slots=True)
class ReadBack:
    orders: int = 0
    customers: int = 0
    missing: list[str] = field(default_factory=list)
    """What was confirmed and is not there, or is older."""


def read_back(caller: Caller, world: World) -> ReadBack:
    """Read the orders by the page, and then one by one, with its token, what pages do not have."""
    found = ReadBack()
    try:
        _read_all(caller, world, found)
    except Stopped:
        found.missing.append("the others: not read back in time")
    return found


def _read_all(caller: Caller, world: World, found: ReadBack) -> None:
    for customer, token in world.confirmed_customers.items():
        answer = caller.get("read back", f"/api/customers/{customer}", **_waiting(token))
        found.customers += answer.status == 200
        if answer.status != 200:
            found.missing.append(f"customer {customer}: {answer.label}")
    listed = {order["id"]: order for order in _listed(caller, world)}
    for order, confirmed in world.confirmed.items():
        if _has(listed.get(order), confirmed) or _has(_order(caller, order, confirmed), confirmed):
            found.orders += 1
        else:
            found.missing.append(f"order {order}: {confirmed.status}, version {confirmed.version}")


def _listed(caller: Caller, world: World) -> Iterator[dict[str, Any]]:
    for customer in world.confirmed_customers:
        path = f"/api/customers/{customer}/orders?page_size=100&cursor="
        while path:
            answer = caller.get("read back", path)
            page = answer.json() if answer.status == 200 else {"results": [], "next": None}
            yield from page["results"]
            path = path_of(page["next"])


def _order(caller: Caller, order: str, confirmed: Confirmed) -> dict[str, Any] | None:
    answer = caller.get("read back", f"/api/orders/{order}", **_waiting(confirmed.token))
    found: dict[str, Any] | None = answer.json() if answer.status == 200 else None
    return found


def _waiting(token: str) -> dict[str, str]:
    return {TOKEN: token, "Prefer": "wait=30"}


def _has(document: dict[str, Any] | None, confirmed: Confirmed) -> bool:
    """Say whether the document is that order, or a later version of it."""
    if document is None or document["version"] < confirmed.version:
        return False
    return bool(document["version"] > confirmed.version or document["status"] == confirmed.status)
