"""The rules of the desk as plain Python over dictionaries, written from the contract.

It knows no database, no locks and no events; where the desk disagrees, one of the two is wrong.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

DIGITS = {"USD": 2, "EUR": 2, "JPY": 0}
COMES_FROM = {"confirm": ["pending"], "ship": ["confirmed"], "deliver": ["shipped"],
              "cancel": ["pending", "confirmed"]}  # fmt: skip
BECOMES = {"confirm": "confirmed", "ship": "shipped", "deliver": "delivered",
           "cancel": "cancelled"}  # fmt: skip
CREATING = ("register", "create")


class No(Exception):
    """A rule says no; its text is the code."""


@dataclass
class State:
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    stock: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: int = 0


@dataclass(frozen=True)
class Answer:
    """`code` is "ok" or the refusal's. `key` and `state` describe the aggregate when it is "ok"."""

    code: str
    key: str = ""
    state: Any = None
    replayed: bool = False


class DeskModel:
    def __init__(self) -> None:
        self.state = State()
        self.answers: dict[tuple[str, str, str], tuple[Any, Answer]] = {}

    def send(self, actor: str, idempotency_key: str | None, kind: str, new_key: str,
             **wanted: Any) -> Answer:  # fmt: skip
        """Answer a command. `new_key` is what a new aggregate is called."""
        asked = {name: value for name, value in wanted.items() if value is not None}
        scope = (actor, kind, idempotency_key or "")
        if idempotency_key and scope in self.answers:
            first, answer = self.answers[scope]
            if first != asked:
                return Answer("idempotency_key_reused")
            return Answer(answer.code, answer.key, answer.state, replayed=True)
        answer = self._decide(kind, new_key, wanted)
        if idempotency_key:
            self.answers[scope] = (asked, answer)
        return answer

    def _decide(self, kind: str, new_key: str, wanted: dict[str, Any]) -> Answer:
        before = deepcopy(self.state)
        try:
            if kind in CREATING and wanted["expected"] is not None:
                raise No("version_conflict")
            decide = getattr(self, kind, self.move)
            key, aggregate = decide(new_key if kind in CREATING else kind, **wanted)
        except No as no:
            self.state = before
            return Answer(str(no))
        return Answer("ok", key, deepcopy(aggregate))

    def register(self, key: str, name: str, email: str, expected: int | None) -> Any:
        self._free(email, but=None)
        changed = {"name": name, "email": email, "is_active": True, "version": 0}
        self.state.customers[key] = changed
        return key, self._changed(changed)

    def update(self, _: str, key: str, name: str | None, email: str | None,
               expected: int | None) -> Any:  # fmt: skip
        customer = self._found(self.state.customers, key, expected)
        if email is not None:
            self._free(email, but=key)
            customer["email"] = email
        customer["name"] = customer["name"] if name is None else name
        return key, self._changed(customer)

    def deactivate(self, _: str, key: str, expected: int | None) -> Any:
        customer = self._found(self.state.customers, key, expected)
        if not customer["is_active"]:
            raise No("customer_inactive")
        customer["is_active"] = False
        return key, self._changed(customer)

    def set_stock(self, _: str, key: str, on_hand: int, name: str | None,
                  expected: int | None) -> Any:  # fmt: skip
        new = {"on_hand": 0, "reserved": 0, "name": "", "version": 0}
        item = self._found({key: self.state.stock.get(key, new)}, key, expected)
        if on_hand < item["reserved"]:
            raise No("stock_below_reserved")
        item |= {"on_hand": on_hand, "name": item["name"] if name is None else name}
        self.state.stock[key] = item
        return key, self._changed(item)

    def create(self, key: str, customer: str, lines: Any, currency: str | None,
               expected: int | None) -> Any:  # fmt: skip
        if not self._found(self.state.customers, customer, None)["is_active"]:
            raise No("customer_inactive")
        held = self._reserve(lines)
        named = {each for each in (currency, *(line[3] for line in lines)) if each}
        if len(named) > 1:
            raise No("currency_mismatch")
        agreed = named.pop() if named else "USD"
        unit = Decimal(1).scaleb(-DIGITS[agreed])
        amounts = [(Decimal(price) * quantity).quantize(unit, ROUND_HALF_UP)
                   for _, quantity, price, _ in lines]  # fmt: skip
        order = {"customer": customer, "status": "pending", "currency": agreed,
                 "total": str(sum(amounts)), "held": held, "version": 0}  # fmt: skip
        self.state.orders[key] = order
        return key, self._changed(order)

    def move(self, kind: str, key: str, expected: int | None) -> Any:
        order = self._found(self.state.orders, key, expected)
        if order["status"] not in COMES_FROM[kind]:
            raise No("invalid_transition")
        order["status"] = BECOMES[kind]
        if kind in ("ship", "cancel"):
            for product, quantity in order["held"].items():
                item = self.state.stock[product]
                item["reserved"] -= quantity
                item["on_hand"] -= quantity if kind == "ship" else 0
                self._changed(item)
        return key, self._changed(order)

    def _reserve(self, lines: Any) -> dict[str, int]:
        wanted: dict[str, int] = {}
        for product, quantity, _, _ in lines:
            if product in self.state.stock:
                wanted[product] = wanted.get(product, 0) + quantity
        for product, quantity in wanted.items():
            item = self.state.stock[product]
            if quantity > item["on_hand"] - item["reserved"]:
                raise No("out_of_stock")
            item["reserved"] += quantity
            self._changed(item)
        return wanted

    def _free(self, email: str, but: str | None) -> None:
        for key, customer in self.state.customers.items():
            if key != but and customer["email"].lower() == email.lower():
                raise No("email_taken")

    def _found(self, where: dict[str, Any], key: str, expected: int | None) -> dict[str, Any]:
        if key not in where:
            raise No("not_found")
        if expected is not None and where[key]["version"] != expected:
            raise No("version_conflict")
        found: dict[str, Any] = where[key]
        return found

    def _changed(self, aggregate: dict[str, Any]) -> dict[str, Any]:
        aggregate["version"] += 1
        self.state.events += 1
        return aggregate
