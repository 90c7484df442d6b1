"""Requests that are timed, alone and many at the same time."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import httpx

from tests.support.desk import order_body

Request = Callable[[], httpx.Response]


class Timed(NamedTuple):
    """One answer: its status and code, and how long it took."""

    status: int
    code: str
    seconds: float
    answer: httpx.Response


def timed(request: Request) -> Timed:
    started = time.monotonic()
    answer = request()
    seconds = time.monotonic() - started
    is_problem = answer.headers.get("Content-Type") == "application/problem+json"
    if answer.status_code == 503 and is_problem:
        assert int(answer.headers["Retry-After"]) >= 1
    return Timed(answer.status_code, answer.json()["code"] if is_problem else "", seconds, answer)


def at_once(*requests: Request) -> list[Timed]:
    """Send all of them at the same time."""
    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(timed, requests))


def codes(found: list[Timed]) -> set[tuple[int, str]]:
    return {(each.status, each.code) for each in found}


@contextmanager
def meanwhile(*requests: Request) -> Iterator[list[Timed]]:
    """Send requests, and run the block while they wait; the list is filled after it."""
    found: list[Timed] = []
    with ThreadPoolExecutor(len(requests)) as pool:
        waiting = [pool.submit(timed, request) for request in requests]
        yield found
        found += [each.result() for each in waiting]


def place(api: httpx.Client, customer: str) -> httpx.Response:
    return api.post("/api/orders", json=order_body(customer))
