"""What the rows that read over HTTP share: what is asked for, and that all answer the same."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg

from benchmarks.databases import Databases
from benchmarks.measuring import SECONDS
from benchmarks.web import Web

ASKED = 500  # customers or orders, asked for in turn
COMPARED = 20


def pages(databases: Databases) -> list[dict[str, Any]]:
    """Return requests for 20 delivered orders of one customer each, of 35 that they have."""
    ids = _some(databases, "SELECT id FROM read_customers ORDER BY id")
    query = "status=delivered&page_size=20"
    return [{"path": f"/api/customers/{key}/orders?{query}"} for key in ids]


def single_orders(databases: Databases) -> list[dict[str, Any]]:
    """Return requests for one order each."""
    ids = _some(databases, "SELECT id FROM read_orders ORDER BY id")
    return [{"path": f"/api/orders/{key}"} for key in ids]


def rate(web: Web, requests: Sequence[Mapping[str, Any]], **more: Any) -> Callable[[], float]:
    """Return what measures the requests per second that the server answers."""
    return lambda: float(web.load(requests, SECONDS, **more)["rate"])


def refuse_differences(requests: Sequence[Mapping[str, Any]], *servers: Web) -> None:
    """Raise unless all servers answer the same, apart from their own address in the links."""
    for request in requests[:COMPARED]:
        answers = [_answer(web, request["path"]) for web in servers]
        for answer in answers[1:]:
            if answer != answers[0]:
                raise AssertionError(f"{request['path']}: {answers[0]} is not {answer}")


def _answer(web: Web, path: str) -> Any:
    status, _, body = web.get(path)
    if status != 200:
        raise AssertionError(f"{path}: {status} {body[:500]!r}")
    answer = json.loads(body.replace(f":{web.port}/".encode(), b"/"))
    return {name: _same(name, value) for name, value in answer.items()}


def _same(name: str, value: Any) -> Any:
    """Let a link be the same in whatever order its parameters stand."""
    return sorted(value.split("?")[1].split("&")) if name == "next" and value else value


def _some(databases: Databases, statement: str) -> list[str]:
    with psycopg.connect(databases.read_url) as connection:
        ids = [str(row[0]) for row in connection.execute(statement)]
    return random.Random(7).sample(ids, min(ASKED, len(ids)))
