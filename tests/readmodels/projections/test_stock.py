from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.rows import MissingRow
from readmodels.models import StockReadModel, StockSearch
from readmodels.projections.stock import Stock
from tests.support.expected import searched, words
from tests.support.log import Log
from tests.support.projection_contract import DeskProjectionContract

READ = pytest.mark.django_db(databases=["default", "replica"])
MOVES = {"orders.stock_reserved": (0, 1), "orders.stock_released": (0, -1),
         "orders.stock_deducted": (-1, -1)}  # fmt: skip


def fold(events: Sequence[RecordedEvent]) -> dict[str, Any]:
    """Add up the moves, instead of taking over the amounts that the events carry."""
    found: dict[str, Any] = {}
    for event in events:
        data = event.data
        if event.type == "orders.stock_set":
            product = found.setdefault(data["product_id"], {"reserved": 0})
            product |= {name: data[name] for name in ("product_id", "sku", "name", "on_hand")}
        elif event.type == "orders.stock_changed_outside":
            product = found.setdefault(data["product_id"], {"product_id": data["product_id"]})
            product |= data["after"] or {}
            if not data["after"]:
                del found[data["product_id"]]
                continue
        elif event.type in MOVES:
            product = found[data["product_id"]]
            for name, sign in zip(("on_hand", "reserved"), MOVES[event.type], strict=True):
                product[name] += sign * data["quantity"]
        else:
            continue
        product["available"] = product["on_hand"] - product["reserved"]
        product |= {"version": event.version, "position": event.position}
    return found


class TestStock(DeskProjectionContract):
    projection = Stock()
    models = (StockReadModel, StockSearch)
    fold = staticmethod(fold)

    def observed(self) -> dict[str, Any]:
        found = {
            str(row.pk): {**orjson.loads(row.document), "position": row.position}
            for row in StockReadModel.objects.all()
        }
        assert searched(StockSearch) == {
            key: words(row, "name", "sku", "product_id") for key, row in found.items()
        }
        return found

    @READ
    def test_writes_the_document_and_its_columns(self, log: Log) -> None:
        lamp = log.stock(on_hand=9, sku="L-1", name="Lämp")
        log.reserve(lamp, 5)
        log.release(lamp, 1)
        log.deduct(lamp, 2)
        self.apply(log.sequenced())
        row = StockReadModel.objects.get()
        document = orjson.loads(row.document)
        assert list(document.items()) == [
            ("product_id", str(lamp)),
            ("sku", "L-1"),
            ("name", "Lämp"),
            ("on_hand", 7),
            ("reserved", 2),
            ("available", 5),
            ("version", 4),
        ]
        for name in ("sku", "name", "on_hand", "reserved", "available", "version"):
            assert getattr(row, name) == document[name]
        assert (row.id, row.position) == (lamp, 4)
        assert searched(StockSearch)[str(lamp)] == f"lämp\nl-1\n{lamp}"

    @READ
    def test_an_event_without_its_product_is_an_error(self, log: Log) -> None:
        log.reserve(log.stock())
        with pytest.raises(MissingRow, match=r"orders\.stock_reserved at position 2"):
            self.apply(log.sequenced()[1:])
