"""`manage.py check` names aggregates whose outside changes would not be adopted."""

from typing import Any

import pytest

from cqrs.adoption.adapter import adapters
from customers.models import Customer
from orders.adoption import ADAPTERS as OF_ORDERS
from orders.models import StockItem
from tests.support.kernel_settings import cqrs
from tests.support.system_checks import found

HERE = __name__
NO_ADAPTERS = ("orders",)
TWICE = (*OF_ORDERS, OF_ORDERS[0])


class TestAdoption:
    def test_is_asked_of_every_aggregate(self):
        with cqrs(ADOPTION=["orders.adoption.ADAPTERS"]):
            assert found() == [
                (
                    "cqrs.E015",
                    "CQRS['ADOPTION'] has no adapter for customers.Customer",
                    "Without it, what another program writes there is in no event and in no read"
                    " model.",
                )
            ]

    def test_is_asked_of_none_where_it_is_not_used(self):
        with cqrs(ADOPTION=[]):
            assert found() == []

    @pytest.mark.parametrize(
        ("lists", "missing"),
        [
            ({1: ("id", "version", "sku", "name", "on_hand")}, "reserved"),
            (
                {1: ("id", "version", "sku", "name", "on_hand", "reserved"), 2: ("id", "version")},
                "sku, name, on_hand, reserved",
            ),
        ],
    )
    def test_needs_digests_of_all_fields(
        self, monkeypatch: pytest.MonkeyPatch, lists: Any, missing: str
    ):
        monkeypatch.setattr(StockItem, "digest_fields", lists)
        [(number, text, hint)] = found()
        assert number == "cqrs.E016"
        assert text == f"The digest of orders.StockItem does not cover {missing}"
        assert hint.startswith("Add a version of the list to digest_fields")

    def test_needs_no_digest_of_what_follows_from_other_fields(
        self, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(Customer, "derived_fields", ())
        assert [text for _, text, _ in found()] == [
            "The digest of customers.Customer does not cover email_key"
        ]

    def test_names_an_entry_that_is_no_adapter(self):
        with cqrs(ADOPTION=[f"{HERE}.NO_ADAPTERS"]):
            assert [text for _, text, _ in found()] == [
                f"CQRS['ADOPTION']: {HERE}.NO_ADAPTERS: 'orders' is not an Adapter with a model and"
                " its tables"
            ]

    def test_names_two_adapters_of_one_aggregate(self):
        with cqrs(ADOPTION=[f"{HERE}.TWICE", "customers.adoption.ADAPTERS"]):
            assert [text for _, text, _ in found()] == [
                "CQRS['ADOPTION'] has two entries called 'the adapter of order'"
            ]

    def test_knows_the_adapters_by_stream_type(self):
        assert list(adapters()) == ["customer", "order", "stock"]
