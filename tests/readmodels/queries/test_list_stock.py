"""GetStock and ListStock, on the bus and over HTTP."""

import orjson
import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from config.roles import ROLES
from cqrs.messaging import bus
from cqrs.messaging.context import Context, use_context
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok, Rejected
from readmodels.queries import GetStock, ListStock
from tests.readmodels.queries.asking import page_of, texts, wrong
from tests.support.api import bearer
from tests.support.log import Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


def products(**payload: str) -> list[str]:
    found = page_of(ListStock, **payload).documents
    return [orjson.loads(document)["product_id"] for document in found]


class TestGetStock:
    def test_answers_the_document(self, log: Log) -> None:
        lamp = log.stock(on_hand=5, name="Lamp")
        log.reserve(lamp, 2)
        log.projected()
        result = bus.ask(GetStock, {"product_id": lamp})
        assert isinstance(result, Ok)
        assert (result.value.version, result.value.position) == (2, 2)
        assert orjson.loads(result.value.body)["available"] == 3

    def test_refuses_an_unknown_product(self) -> None:
        product = uuid7()
        assert bus.ask(GetStock, {"product_id": product}) == Rejected(
            "not_found", f"There is no stock of product {product}"
        )


class TestListStock:
    def test_orders_by_name_unless_asked_otherwise(self, log: Log) -> None:
        pen, lamp = log.stock(name="Pen", on_hand=1), log.stock(name="Lamp", on_hand=2)
        mat = log.stock(name="Mat", on_hand=1)
        log.projected()
        assert products() == products(ordering="name") == texts(lamp, mat, pen)
        assert products(ordering="-name") == texts(pen, mat, lamp)
        assert products(ordering="available") == texts(pen, mat, lamp)
        assert products(ordering="-available") == texts(lamp, mat, pen)

    def test_searches_name_sku_and_id(self, log: Log) -> None:
        lamp, pen = log.stock(name="Desk lamp", sku="L-1"), log.stock(name="Pen", sku="P-1")
        log.projected()
        assert products(search="LAMP l-") == texts(lamp)
        assert products(search=str(pen)) == texts(pen)
        assert products(search="lamp pen") == []

    def test_answers_by_the_page(self, log: Log) -> None:
        for _ in range(3):
            log.stock()
        log.projected()
        page = page_of(ListStock, page_size="2", page="2")
        assert (page.count, page.has_next, len(page.documents)) == (3, False, 1)
        assert bus.ask(ListStock, {"page": 3}).code == "not_found"

    def test_refuses_unknown_values(self) -> None:
        assert wrong(ListStock, ordering="sku", page="0", q="x") == {
            "ordering": "literal_error",
            "page": "greater_than_equal",
            "q": "extra_forbidden",
        }

    @pytest.mark.parametrize("query", [ListStock, GetStock])
    def test_needs_its_permission_which_every_role_has(self, query: type) -> None:
        may = Context(permissions=frozenset({"readmodels.view_orders"}))
        with use_context(may), pytest.raises(PermissionDenied, match="view_stock"):
            bus.ask(query, {})
        assert all("readmodels.view_stock" in permissions for permissions in ROLES.values())


class TestAddresses:
    def test_answers_reads_and_writes_at_one_address(self, log: Log, client: Client) -> None:
        lamp = log.stock(on_hand=5, name="Lamp", sku="L-1")
        log.projected()
        path, headers = f"/api/products/{lamp}/stock", bearer("ada")
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200
        assert answer.json() == {
            "product_id": str(lamp), "sku": "L-1", "name": "Lamp",
            "on_hand": 5, "reserved": 0, "available": 5, "version": 1,
        }  # fmt: skip
        assert answer["ETag"].startswith('"1.')
        body = client.get("/api/products?search=lamp", headers=headers).json()
        assert (body["count"], body["results"]) == (1, [answer.json()])
        other = f"/api/products/{uuid7()}/stock"
        counted = client.put(other, {"on_hand": 4}, "application/json", headers=headers)
        assert (counted.status_code, counted.json()["on_hand"]) == (200, 4)
        assert client.post(path, {}, "application/json", headers=headers).status_code == 405
        assert client.get("/api/products/nonsense/stock", headers=headers).status_code == 404

    def test_is_documented(self, client: Client) -> None:
        paths = client.get("/api/schema").json()["paths"]
        assert paths["/api/products"]["get"]["operationId"] == "ListStock"
        stock = paths["/api/products/{id}/stock"]
        assert {verb: stock[verb]["operationId"] for verb in stock} == {
            "get": "GetStock",
            "put": "SetStock",
        }
