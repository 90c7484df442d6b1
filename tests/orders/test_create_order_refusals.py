"""The rules that refuse an order; none of them leaves anything behind."""

import pytest

from cqrs.messaging.ids import uuid7
from customers.commands import DeactivateCustomer
from orders.commands import CreateOrder
from tests.support.scenarios import accepted, content, customer, line, product, refused

pytestmark = pytest.mark.django_db


class TestCreateOrderRefuses:
    def test_an_unknown_customer(self):
        unknown = uuid7()
        rejected = refused(CreateOrder, **content(unknown, line(product(5))))
        assert rejected.code == "not_found"
        assert str(unknown) in rejected.message

    def test_an_expected_version(self):
        rejected = refused(CreateOrder, **content(customer()), expected_version=1)
        assert rejected.code == "version_conflict"

    def test_an_inactive_customer(self):
        buyer = customer()
        accepted(DeactivateCustomer, customer_id=buyer)
        assert refused(CreateOrder, **content(buyer)).code == "customer_inactive"

    def test_more_than_is_available_and_names_every_product_that_is_short(self):
        short, enough, empty = product(2), product(5), product(0)
        items = [line(short, 2), line(enough, 5), line(empty, 1), line(short, 1)]
        rejected = refused(CreateOrder, **content(customer(), *items))
        assert rejected.code == "out_of_stock"
        assert rejected.message == f"Out of stock: {short}, {empty}"

    def test_what_another_order_has_reserved(self):
        lamp = product(3)
        accepted(CreateOrder, **content(customer(), line(lamp, 2)))
        rejected = refused(CreateOrder, **content(customer(), line(lamp, 2)))
        assert rejected.code == "out_of_stock"

    def test_unknown_products_when_the_settings_say_so(self, settings):
        settings.UNTRACKED_PRODUCTS = "reject"
        unknown = uuid7()
        rejected = refused(CreateOrder, **content(customer(), line(product(5)), line(unknown)))
        assert rejected.code == "unknown_product"
        assert rejected.message == f"Unknown: {unknown}"

    @pytest.mark.parametrize(
        ("order_currency", "line_currencies"), [(None, ["USD", "EUR"]), ("EUR", ["USD"])]
    )
    def test_mixed_currencies(self, order_currency, line_currencies):
        items = [line(product(5), currency=currency) for currency in line_currencies]
        payload = content(customer(), *items, currency=order_currency)
        assert refused(CreateOrder, **payload).code == "currency_mismatch"
