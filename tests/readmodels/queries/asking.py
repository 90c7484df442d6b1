"""Short ways to ask, and to see what an answer holds."""

import csv
import io
from typing import Any, get_args
from uuid import UUID

import orjson

from cqrs.messaging import bus
from cqrs.messaging.messages import Query
from cqrs.messaging.results import Ok, Rejected
from cqrs.queries.pages import Page
from readmodels.queries import (
    ExportOrders,
    GetOrdersByCustomer,
    GetProductSales,
    ListCustomers,
    ListOrders,
    ListStock,
)

ADA = UUID("018f0000-0000-7000-8000-000000000000")  # the first id of a log
LISTS: tuple[Any, ...] = (
    ListOrders,
    GetOrdersByCustomer,
    ListCustomers,
    ListStock,
    GetProductSales,
)


def page_of(query: type[Query], **payload: Any) -> Page:
    """Ask what must be answered by a page."""
    result = bus.ask(query, payload)
    assert isinstance(result, Ok), result
    assert isinstance(result.value, Page)
    return result.value


def ids(query: type[Query], **payload: Any) -> list[str]:
    return [orjson.loads(document)["id"] for document in page_of(query, **payload).documents]


def keys(page: Page) -> list[str]:
    documents = map(orjson.loads, page.documents)
    return [document.get("id") or document["product_id"] for document in documents]


def exported(**payload: Any) -> list[dict[str, str]]:
    """Return the rows of an export."""
    result = bus.ask(ExportOrders, payload)
    assert isinstance(result, Ok), result
    with result.value as file:
        return list(csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")))


def texts(*keys: Any) -> list[str]:
    return [str(key) for key in keys]


def wrong(query: type[Query], **payload: Any) -> dict[str, str]:
    """Ask what must be refused as invalid; return the code of each wrong parameter."""
    result = bus.ask(query, payload)
    assert isinstance(result, Rejected), result
    assert result.code == "invalid"
    return {error.field: error.code for error in result.errors}


def orderings(query: Any) -> tuple[str, ...]:
    return get_args(query.model_fields["ordering"].annotation)
