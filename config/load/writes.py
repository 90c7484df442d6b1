"""What users write: they place orders and lead each through its life, and register customers."""

import time
from collections import deque
from random import Random
from typing import Any
from uuid import uuid4

from config.load.caller import TOKEN, Caller
from config.load.connection import Answer
from config.load.world import Confirmed, World, customer_body, order_body, skewed

STEPS = {"pending": "confirm", "confirmed": "ship", "shipped": "deliver"}
ADVANCED, CANCELLED, READ_BACK, REPEATED, NEW_CUSTOMER = 0.6, 0.08, 0.5, 0.05, 0.05


class Writes:
    """The commands of one user, who alone changes the orders that it placed."""

    def __init__(self, caller: Caller, world: World, random: Random) -> None:
        self._caller, self._world, self._random = caller, world, random
        self._open: deque[str] = deque()

    def one(self) -> bool:
        """Send one command; False when enough orders were placed. Raises `Stopped`."""
        if self._open and self._random.random() < ADVANCED:
            self._advance(self._open.popleft())
        elif self._random.random() < NEW_CUSTOMER:
            register(self._caller, self._world, self._random)
        elif not self._world.begin_order():
            return False
        else:
            self._place()
        return True

    def _place(self) -> None:
        body = order_body(self._random, skewed(self._random, self._world.customers))
        key = str(uuid4())
        answer = self._caller.send("create order", "/api/orders", body, key=key)
        if answer.status != 201:
            return
        order = self._confirmed(answer)
        if self._random.random() < REPEATED:
            self._repeat(body, key, order)
        if self._random.random() < READ_BACK:
            self._read_own(order)

    def _repeat(self, body: dict[str, Any], key: str, order: str) -> None:
        """Send the command again, as a client does that has not seen its answer."""
        answer = self._caller.send("create order again", "/api/orders", body, key=key)
        if answer.status == 201 and answer.json()["id"] != order:
            self._caller.record.errors["create order again: another order"] += 1

    def _advance(self, order: str) -> None:
        now = self._world.confirmed[order]
        step = STEPS[now.status]
        if now.status != "shipped" and self._random.random() < CANCELLED:
            step = "cancel"
        answer = self._caller.send(step, f"/api/orders/{order}/{step}", {})
        if answer.status == 200:
            self._confirmed(answer)

    def _confirmed(self, answer: Answer) -> str:
        """Note the order as the answer says it is, and return its id."""
        order, found = confirmed(answer)
        self._world.confirmed[order] = found
        if found.status in STEPS:
            self._open.append(order)
        return order

    def _read_own(self, order: str) -> None:
        """Read what was just written: by its token, the read side answers with nothing older."""
        now = self._world.confirmed[order]
        wait = {TOKEN: now.token, "Prefer": "wait=10"}
        begun = time.perf_counter()  # with the tries that were asked for
        answer = self._caller.get("order by token", f"/api/orders/{order}", **wait)
        if answer.status != 200 or answer.json()["version"] < now.version:
            self._caller.record.errors[f"order by token: {answer.label}, older than its token"] += 1
        else:
            self._caller.record.visible.add((time.perf_counter() - begun) * 1000)
            self._world.seen.append(order)


def confirmed(answer: Answer) -> tuple[str, Confirmed]:
    """Return the id of an order, and its state as a command's answer has it."""
    body = answer.json()
    state = Confirmed(body["customer_id"], body["version"], body["status"], answer.headers[TOKEN])
    return body["id"], state


def register(caller: Caller, world: World, random: Random) -> None:
    """Register one more customer, and order for it from now on. Raises `Stopped`."""
    answer = caller.send("register customer", "/api/customers", customer_body(random))
    if answer.status == 201:
        customer = answer.json()["id"]
        world.confirmed_customers[customer] = answer.headers[TOKEN]
        world.customers.append(customer)
