"""Run the load: prepare, let the users go, stop them, and read back what was confirmed."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from config.demo.desk import PRODUCTS
from config.load.caller import Caller
from config.load.connection import Connection
from config.load.login import Login
from config.load.read_back import ReadBack, read_back
from config.load.record import Record
from config.load.user import User
from config.load.world import CUSTOMERS, World, product_id, stock_body
from config.load.writes import register

LOOK_S, READ_BACK_S = 0.2, 300


class CannotBegin(Exception):
    """The server refuses what the load has to prepare."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a run: so many orders, or so many seconds."""

    orders: int
    concurrency: int
    seconds: float


@dataclass(slots=True)
class Outcome:
    record: Record
    seconds: float
    orders: int
    read_back: ReadBack
    interrupted: bool

    @property
    def failed(self) -> bool:
        return bool(self.record.errors or self.read_back.missing)


class Run:
    """One run against one server. `show` gets its users now and then, with the seconds passed."""

    def __init__(self, url: str, login: Login, limits: Limits) -> None:
        self._url, self._login, self._limits = url, login, limits
        self._world = World(limits.orders)
        self._stop = threading.Event()

    def __call__(self, show: Callable[[Sequence[User], float], Any]) -> Outcome:
        """Raises `Unreachable`, `LoginRefused` and `CannotBegin` before the first order."""
        self._login.bearer(Connection(self._url))
        with self._caller(READ_BACK_S) as caller:
            self._prepare(caller)
        users = [self._user(number) for number in range(self._limits.concurrency)]
        begun = time.perf_counter()
        interrupted = self._go(users, show)
        seconds = time.perf_counter() - begun
        record = Record()
        for user in users:
            record.add(user.record)
        with self._caller(READ_BACK_S) as caller:
            found = read_back(caller, self._world)
        record.errors.update(caller.record.errors)
        record.retried.update(caller.record.retried)
        return Outcome(record, seconds, len(self._world.confirmed), found, interrupted)

    @contextmanager
    def _caller(self, limit_s: float) -> Iterator[Caller]:
        """Yield a caller that gives up after the limit."""
        stop = threading.Event()
        timer = threading.Timer(limit_s, stop.set)
        timer.daemon = True
        timer.start()
        caller = Caller(self._url, self._login, stop)
        try:
            yield caller
        finally:
            timer.cancel()
            caller.close()

    def _prepare(self, caller: Caller) -> None:
        """Register the first customers and set the stock of the products."""
        random = Random(0)  # noqa: S311  not a secret
        for _ in range(CUSTOMERS):
            register(caller, self._world, random)
        for number in range(len(PRODUCTS)):
            path = f"/api/products/{product_id(number)}/stock"
            caller.send("set stock", path, stock_body(number), method="PUT")
        if caller.record.errors:
            raise CannotBegin(", ".join(caller.record.errors))

    def _user(self, number: int) -> User:
        return User(Caller(self._url, self._login, self._stop), self._world, self._stop, number)

    def _go(self, users: Sequence[User], show: Callable[[Sequence[User], float], Any]) -> bool:
        """Let the users go until a limit is reached; return whether Ctrl-C came first."""
        begun = time.monotonic()
        for user in users:
            user.start()
        try:
            while (passed := time.monotonic() - begun) < self._limits.seconds:
                show(users, passed)
                if self._stop.wait(LOOK_S):
                    break
        except KeyboardInterrupt:
            return True
        finally:
            self._stop.set()
            for user in users:
                user.join()
        for user in users:
            if user.failure is not None:
                raise user.failure
        return False
