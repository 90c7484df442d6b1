"""Setting the stock of a product."""

import pytest
from django.db import IntegrityError, transaction

from cqrs.messaging.ids import uuid7
from orders.commands import SetStock
from orders.models import StockItem
from tests.support.scenarios import (
    accepted,
    events,
    last_events,
    line,
    order,
    product,
    refused,
    wrong_fields,
)
from tests.support.threads import attempt, together


@pytest.mark.django_db
class TestSetStock:
    def test_tracks_a_new_product_from_then_on(self):
        lamp = uuid7()
        state = accepted(SetStock, product_id=lamp, on_hand=5, sku="L-1", name="Lamp")
        assert state.aggregate_id == lamp
        assert state.model_dump(mode="json") == {
            "product_id": str(lamp),
            "sku": "L-1",
            "name": "Lamp",
            "on_hand": 5,
            "reserved": 0,
            "available": 5,
            "version": 1,
        }
        assert StockItem.objects.get(pk=lamp).state() == state

    def test_publishes_the_amounts_after_the_change(self):
        lamp = product(5)
        order(line(lamp, 2))
        accepted(SetStock, product_id=lamp, on_hand=9, sku="L-1")
        (event,) = last_events(1)
        assert (event.stream_type, event.stream_id, event.version) == ("stock", lamp, 3)
        assert event.type == "orders.stock_set"
        assert event.data == {
            "product_id": str(lamp),
            "on_hand": 9,
            "reserved": 2,
            "sku": "L-1",
            "name": "",
        }

    def test_keeps_the_texts_that_are_not_given(self):
        lamp = uuid7()
        accepted(SetStock, product_id=lamp, on_hand=5, sku="L-1", name="Lamp")
        state = accepted(SetStock, product_id=lamp, on_hand=6, name="Big lamp")
        assert (state.sku, state.name, state.on_hand) == ("L-1", "Big lamp", 6)
        state = accepted(SetStock, product_id=lamp, on_hand=6, sku="")
        assert (state.sku, state.name) == ("", "Big lamp")

    def test_is_an_event_also_when_nothing_differs(self):
        lamp = product(5)
        assert accepted(SetStock, product_id=lamp, on_hand=5).version == 2
        assert events(lamp) == [("orders.stock_set", 1), ("orders.stock_set", 2)]

    def test_goes_down_to_what_is_reserved_and_no_further(self):
        lamp = product(5)
        order(line(lamp, 2))
        assert refused(SetStock, product_id=lamp, on_hand=1).code == "stock_below_reserved"
        assert accepted(SetStock, product_id=lamp, on_hand=2).available == 0

    def test_refuses_another_version_than_the_expected_one(self):
        lamp = product(5)
        rejected = refused(SetStock, product_id=lamp, on_hand=6, expected_version=2)
        assert rejected.code == "version_conflict"
        assert accepted(SetStock, product_id=lamp, on_hand=6, expected_version=1).version == 2

    def test_refuses_any_expected_version_of_a_product_that_is_not_tracked(self):
        rejected = refused(SetStock, product_id=uuid7(), on_hand=6, expected_version=1)
        assert rejected.code == "version_conflict"

    @pytest.mark.parametrize(
        ("on_hand", "code"),
        [
            (-1, "greater_than_equal"),
            (1_000_000_001, "less_than_equal"),
            (True, "int_type"),
            ("5", "int_type"),
            (5.0, "int_type"),
        ],
    )
    def test_refuses_an_amount_that_is_no_count(self, on_hand, code):
        rejected = refused(SetStock, product_id=uuid7(), on_hand=on_hand)
        assert wrong_fields(rejected) == {"on_hand": code}

    def test_refuses_texts_that_are_too_long(self):
        rejected = refused(SetStock, product_id=uuid7(), on_hand=1, sku="x" * 201, name="\0")
        assert wrong_fields(rejected) == {"sku": "string_too_long", "name": "string_nul"}

    def test_shares_an_id_with_another_kind_of_stream(self):
        order_id = order()
        accepted(SetStock, product_id=order_id, on_hand=1)
        assert events(order_id) == [("orders.order_created", 1), ("orders.stock_set", 1)]


@pytest.mark.django_db
class TestStockItem:
    @pytest.mark.parametrize("amounts", [{"on_hand": 1, "reserved": 2}, {"reserved": -1}])
    def test_cannot_be_stored_with_more_reserved_than_there_is(self, amounts):
        with pytest.raises(IntegrityError), transaction.atomic():
            StockItem.objects.create(id=uuid7(), version=1, **{"on_hand": 5, **amounts})


@pytest.mark.django_db(transaction=True)
class TestSetStockAtOnce:
    def test_counts_every_one_of_a_product_that_was_new_to_all(self):
        for _ in range(10):
            lamp = uuid7()
            results = together(
                *[attempt(SetStock, product_id=lamp, on_hand=n, sku=f"S{n}") for n in range(4)]
            )
            assert sorted(result.value.version for result in results) == [1, 2, 3, 4]
            assert [version for _, version in events(lamp)] == [1, 2, 3, 4]
