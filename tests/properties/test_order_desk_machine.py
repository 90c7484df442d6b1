"""Commands at random, with retries, stale versions and shared keys, against a plain model."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from cqrs.event_log.audits import audit
from cqrs.messaging import bus
from cqrs.messaging.context import system_context, use_context
from cqrs.messaging.results import Ok
from customers.commands import DeactivateCustomer, RegisterCustomer, UpdateCustomer
from orders.commands import (
    CancelOrder,
    ConfirmOrder,
    CreateOrder,
    DeliverOrder,
    SetStock,
    ShipOrder,
)
from tests.properties import observed
from tests.properties.desk_model import Answer, DeskModel
from tests.support.scenarios import ADDRESS

FULL = os.environ.get("FAULT_COUNTS") == "full"
MISSING = "018f0000-0000-7000-8000-00000000dead"
PRODUCTS = [f"018f0000-0000-7000-8000-{number:012x}" for number in range(4)]

ACTORS = st.sampled_from(["ada", "bo"])
KEYS = st.sampled_from([*[None] * 5, "k-1", "k-2", "k-3", "k-4", "k-5"])
# How far the expected version is from the true one.
OFF_BY = st.sampled_from([*[None] * 7, 0, 0, 0, 1, -1])
WHICH = st.integers(0, 30)
LOST = st.sampled_from([False] * 14 + [True])
NAMES = st.sampled_from(["Ada", "Bo", "Çiğdem"])
EMAILS = st.sampled_from(["ada@example.com", "ADA@example.com", "bo@example.com", "c@example.com",
                          "d@example.com"])  # fmt: skip
CURRENCIES = st.sampled_from([*[None] * 12, "USD", "EUR", "JPY"])
LINES = st.lists(
    st.tuples(
        st.sampled_from(PRODUCTS),
        st.integers(1, 3),
        st.sampled_from(["0.00", "0.125", "2.50", "9.999"]),
        CURRENCIES,
    ),
    min_size=1,
    max_size=3,
)
COMMANDS = {
    "register": RegisterCustomer, "update": UpdateCustomer, "deactivate": DeactivateCustomer,
    "set_stock": SetStock, "create": CreateOrder, "confirm": ConfirmOrder, "ship": ShipOrder,
    "deliver": DeliverOrder, "cancel": CancelOrder,
}  # fmt: skip
NEXT = {"pending": "confirm", "confirmed": "ship", "shipped": "deliver"}


def payload(kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what a command is sent with; None means that it is not given."""
    given = {name: value for name, value in wanted.items() if value is not None}
    names = {"expected": "expected_version", "customer": "customer_id"}
    names["key"] = {"set_stock": "product_id", "update": "customer_id",
                    "deactivate": "customer_id"}.get(kind, "order_id")  # fmt: skip
    if kind == "create":
        given["shipping_address"] = ADDRESS
        given["items"] = [
            {"product_id": product, "product_name": "Lamp", "quantity": quantity,
             "unit_price": price, "currency": currency}
            for product, quantity, price, currency in given.pop("lines")
        ]  # fmt: skip
    return {names.get(name, name): value for name, value in given.items()}


def said(result: Any, like: Answer) -> Answer:
    """Return a result as the model would say it."""
    if not isinstance(result, Ok):
        return Answer(result.code, replayed=result.replayed)
    value = result.value
    if value.stream_type == "order":
        state: Any = {**observed.order_state(value), "held": like.state and like.state["held"]}
    elif value.stream_type == "stock":
        state = {name: getattr(value, name) for name in ("on_hand", "reserved", "name", "version")}
    else:
        state = {name: getattr(value, name) for name in ("name", "email", "is_active", "version")}
    return Answer("ok", str(value.aggregate_id), state, result.replayed)


class OrderDesk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        observed.empty_both_sides()
        self.model = DeskModel()
        self.sent: list[tuple[Any, ...]] = []

    def send(self, actor: str, under: str | None, kind: str, **wanted: Any) -> Answer:
        """Send to both; they must agree. A new aggregate is called as the desk calls it."""
        self.sent.append((actor, under, kind, wanted))
        with use_context(system_context(actor=actor)):
            result = bus.send(COMMANDS[kind], payload(kind, wanted), idempotency_key=under)
        made = str(result.value.aggregate_id) if isinstance(result, Ok) else ""
        expected = self.model.send(actor, under, kind, made, **wanted)
        assert said(result, expected) == expected, (kind, wanted)
        return expected

    def pick(self, kind: str, which: int, lost: bool = False) -> str:
        """Return one of what there is, or an id that is missing."""
        there = list(getattr(self.model.state, kind))
        return MISSING if lost or not there else there[which % len(there)]

    @initialize(on_hand=st.integers(2, 20), lives=st.lists(st.integers(0, 4), max_size=4))
    def open(self, on_hand: int, lives: list[int]) -> None:
        """Begin with two products, two customers and orders in any status."""
        for product in PRODUCTS[:2]:
            self.send("ada", None, "set_stock", key=product, on_hand=on_hand, name="Lamp",
                      expected=None)  # fmt: skip
        for email in ("first@example.com", "second@example.com"):
            self.send("ada", None, "register", name="Ada", email=email, expected=None)
        for number, steps in enumerate(lives):
            line = (PRODUCTS[number % 3], 1, "2.50", None)
            placed = self.send("ada", None, "create", customer=self.pick("customers", number),
                               lines=[line], currency=None, expected=None)  # fmt: skip
            for kind in ["cancel"] if steps == 4 else ["confirm", "ship", "deliver"][:steps]:
                if placed.code == "ok":
                    self.send("ada", None, kind, key=placed.key, expected=None)

    def version(self, kind: str, key: str, off_by: int | None) -> int | None:
        """Return the expected version that is off by so much from the true one."""
        if off_by is None:
            return None
        where = getattr(self.model.state, kind)
        return max(1, where.get(key, {"version": 0})["version"] + off_by)

    @rule(actor=ACTORS, under=KEYS, name=NAMES, email=EMAILS,
          expected=st.sampled_from([*[None] * 9, 1]))  # fmt: skip
    def register(self, actor: str, under: str | None, **wanted: Any) -> None:
        self.send(actor, under, "register", **wanted)

    @rule(actor=ACTORS, under=KEYS, customer=WHICH, lost=LOST, name=NAMES | st.none(),
          email=EMAILS, off_by=OFF_BY)  # fmt: skip
    def update(self, actor: str, under: str | None, customer: int, lost: bool,
               off_by: int | None, **wanted: Any) -> None:  # fmt: skip
        key = self.pick("customers", customer, lost)
        expected = self.version("customers", key, off_by)
        self.send(actor, under, "update", key=key, expected=expected, **wanted)

    @rule(actor=ACTORS, under=KEYS, customer=WHICH, off_by=OFF_BY,
          sure=st.sampled_from([False, False, True]))  # fmt: skip
    def deactivate(self, actor: str, under: str | None, customer: int, off_by: int | None,
                   sure: bool) -> None:  # fmt: skip
        if sure:  # else no customer who orders would soon be left
            key = self.pick("customers", customer)
            expected = self.version("customers", key, off_by)
            self.send(actor, under, "deactivate", key=key, expected=expected)

    @rule(actor=ACTORS, under=KEYS, product=st.sampled_from(PRODUCTS[:3]),
          on_hand=st.integers(0, 20), name=NAMES | st.none(), off_by=OFF_BY)  # fmt: skip
    def set_stock(self, actor: str, under: str | None, product: str, off_by: int | None,
                  **wanted: Any) -> None:  # fmt: skip
        expected = self.version("stock", product, off_by)
        self.send(actor, under, "set_stock", key=product, expected=expected, **wanted)

    @rule(actor=ACTORS, under=KEYS, customer=WHICH, lost=LOST, lines=LINES,
          currency=CURRENCIES, expected=st.sampled_from([*[None] * 14, 1]))  # fmt: skip
    def create(
        self, actor: str, under: str | None, customer: int, lost: bool, **wanted: Any
    ) -> None:
        buyer = self.pick("customers", customer, lost)
        self.send(actor, under, "create", customer=buyer, **wanted)

    @rule(actor=ACTORS, under=KEYS, order=WHICH, lost=LOST, off_by=OFF_BY,
          kind=st.sampled_from(["confirm", "ship", "deliver", "cancel", "cancel"]))  # fmt: skip
    def move(self, actor: str, under: str | None, kind: str, order: int, lost: bool,
             off_by: int | None) -> None:  # fmt: skip
        key = self.pick("orders", order, lost)
        self.send(actor, under, kind, key=key, expected=self.version("orders", key, off_by))

    @rule(actor=ACTORS, under=KEYS, order=WHICH)
    def advance(self, actor: str, under: str | None, order: int) -> None:
        key = self.pick("orders", order)
        if key != MISSING and (status := self.model.state.orders[key]["status"]) in NEXT:
            self.send(actor, under, NEXT[status], key=key, expected=None)

    @rule(which=st.integers(0, 1_000))
    def repeat(self, which: int) -> None:
        """Do what a client does that got no answer: send the same again under the same key."""
        if with_key := [each for each in self.sent if each[1] is not None]:
            actor, under, kind, wanted = with_key[which % len(with_key)]
            self.send(actor, under, kind, **wanted)

    @rule()
    def project(self) -> None:
        """Bring the read side up to date in between: it then meets later events with old rows."""
        observed.check_read_side(self.model.state)

    @invariant()
    def never_oversold(self) -> None:
        for item in self.model.state.stock.values():
            assert 0 <= item["reserved"] <= item["on_hand"]

    def teardown(self) -> None:
        state = self.model.state
        assert observed.write_side() == state
        assert [str(drift) for drift in audit()] == []
        observed.check_read_side(state)


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
@pytest.mark.timeout(1200)
def test_the_desk_and_the_model_agree_on_every_answer_and_on_the_end() -> None:
    run_state_machine_as_test(
        OrderDesk,
        settings=settings(
            max_examples=1500 if FULL else 20,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
