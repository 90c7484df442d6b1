"""What users read: mostly orders, again and again those of the same few customers."""

from collections import OrderedDict
from collections.abc import Callable
from random import Random
from urllib.parse import urlsplit

from config.load.caller import Caller
from config.load.world import World, skewed

REMEMBERED = 200
WORDS = ("ada", "okafor", "tanaka", "example")


class Reads:
    """The reads of one user."""

    def __init__(self, caller: Caller, world: World, random: Random) -> None:
        self._caller, self._world, self._random = caller, world, random
        self._tags: OrderedDict[str, str] = OrderedDict()
        self._next = ""
        self._mix: tuple[tuple[Callable[[], None], int], ...] = (
            (self._order, 30),
            (self._order_again, 15),
            (self._orders_of_customer, 20),
            (self._orders, 10),
            (self._next_page, 8),
            (self._history, 4),
            (self._customer, 4),
            (self._search, 3),
            (self._products, 3),
            (self._sales, 2),
            (self._product_sales, 1),
        )
        self._weights = [weight for _, weight in self._mix]

    def one(self) -> None:
        """Send one read. Raises `Stopped`."""
        [(read, _)] = self._random.choices(self._mix, self._weights)
        read()

    def _order(self) -> None:
        if self._world.seen:
            path = f"/api/orders/{self._random.choice(self._world.seen)}"
            answer = self._caller.get("order", path)
            if tag := answer.headers.get("ETag"):
                self._remember(path, tag)

    def _remember(self, path: str, tag: str) -> None:
        self._tags[path] = tag
        if len(self._tags) > REMEMBERED:
            self._tags.popitem(last=False)

    def _order_again(self) -> None:
        if self._tags:
            path, tag = self._random.choice(list(self._tags.items()))
            answer = self._caller.get("order if changed", path, **{"If-None-Match": tag})
            self._remember(path, answer.headers.get("ETag", tag))

    def _orders_of_customer(self) -> None:
        self._list("orders of a customer", f"/api/customers/{self._a_customer()}/orders?cursor=")

    def _orders(self) -> None:
        status = self._random.choice(("pending", "confirmed", "shipped", "delivered"))
        self._list("orders", f"/api/orders?status={status}&page_size=20&cursor=")

    def _next_page(self) -> None:
        self._list("next page", self._next or "/api/orders?page_size=20&cursor=")

    def _list(self, kind: str, path: str) -> None:
        answer = self._caller.get(kind, path)
        if answer.status == 200:
            page = answer.json()
            self._world.seen.extend(order["id"] for order in page["results"])
            self._next = path_of(page["next"])

    def _history(self) -> None:
        if self._world.seen:
            order = self._random.choice(self._world.seen)
            self._caller.get("history", f"/api/orders/{order}/history")

    def _customer(self) -> None:
        self._caller.get("customer", f"/api/customers/{self._a_customer()}")

    def _a_customer(self) -> str:
        return skewed(self._random, self._world.customers)

    def _search(self) -> None:
        word, kind = self._random.choice(WORDS), self._random.choice(("orders", "customers"))
        self._caller.get(f"search in {kind}", f"/api/{kind}?search={word}&cursor=")

    def _products(self) -> None:
        self._caller.get("products", "/api/products?page_size=20")

    def _sales(self) -> None:
        granularity = self._random.choice(("day", "month"))
        self._caller.get("sales report", f"/api/reports/sales?granularity={granularity}")

    def _product_sales(self) -> None:
        self._caller.get("product report", "/api/reports/products?page_size=20")


def path_of(link: str | None) -> str:
    """Return the path and the query of a link, empty without one."""
    parts = urlsplit(link or "")
    return f"{parts.path}?{parts.query}" if link else ""
