"""What makes a payload no order at all: judged alone, and all failures together."""

from decimal import Decimal

import pytest

from cqrs.messaging.ids import uuid7
from orders.commands import CreateOrder
from tests.support.scenarios import (
    ADDRESS,
    accepted,
    content,
    customer,
    line,
    refused,
    wrong_fields,
)

pytestmark = pytest.mark.django_db


def _wrong(payload):
    return wrong_fields(refused(CreateOrder, **payload))


class TestCreateOrderValidation:
    def test_reports_all_failures_together(self):
        payload = content(uuid7(), line(quantity=0, unit_price=-1, currency="usd"))
        payload["shipping_address"] = {**ADDRESS, "city": ""}
        del payload["customer_id"]
        assert _wrong({**payload, "special_instructions": "x" * 2001, "discount": 5}) == {
            "customer_id": "missing",
            "items.0.quantity": "greater_than_equal",
            "items.0.unit_price": "greater_than_equal",
            "items.0.currency": "currency",
            "shipping_address.city": "string_too_short",
            "special_instructions": "string_too_long",
            "discount": "extra_forbidden",
        }

    @pytest.mark.parametrize(
        ("quantity", "code"),
        [
            (0, "greater_than_equal"),
            (-1, "greater_than_equal"),
            (1_000_001, "less_than_equal"),
            (10**30, "less_than_equal"),
            (True, "int_type"),
            ("1", "int_type"),
            (1.0, "int_type"),
            (Decimal(1), "int_type"),
            (None, "int_type"),
        ],
    )
    def test_refuses_a_quantity_that_is_no_count(self, quantity, code):
        assert _wrong(content(uuid7(), line(quantity=quantity))) == {"items.0.quantity": code}

    @pytest.mark.parametrize(
        ("price", "code"),
        [
            ("-0.01", "greater_than_equal"),
            ("1000000000.0001", "less_than_equal"),
            (Decimal("1E+999999"), "less_than_equal"),
            ("0.00001", "decimal_max_places"),
            ("1.00000", "decimal_max_places"),
            ("1.50000", "decimal_max_places"),
            ("-0", "greater_than_equal"),
            ("-0.0", "greater_than_equal"),
            (Decimal("1E-999999"), "decimal_max_places"),
            (True, "decimal_type"),
            (None, "decimal_type"),
            ("", "decimal_parsing"),
            ("abc", "decimal_parsing"),
            ("1e3", "decimal_parsing"),
            ("1_000", "decimal_parsing"),
            (" 1", "decimal_parsing"),
            ("1\n", "decimal_parsing"),
            ("\N{ARABIC-INDIC DIGIT ONE}", "decimal_parsing"),
            ("NaN", "decimal_parsing"),
            ("9" * 5000, "decimal_parsing"),
            (Decimal("NaN"), "finite_number"),
            (Decimal("Infinity"), "finite_number"),
        ],
    )
    def test_refuses_a_price_that_is_no_amount(self, price, code):
        assert _wrong(content(uuid7(), line(unit_price=price))) == {"items.0.unit_price": code}

    @pytest.mark.parametrize(
        ("price", "stored"),
        [
            ("0", "0.00"),
            ("10.5000", "10.50"),
            (10, "10.00"),
            (Decimal("10.5000"), "10.50"),
            (Decimal("1E+9"), "1000000000.00"),
            ("1000000000", "1000000000.00"),
        ],
    )
    def test_takes_a_price_as_string_integer_or_decimal(self, price, stored):
        state = accepted(CreateOrder, **content(customer(), line(unit_price=price)))
        assert str(state.items[0].unit_price) == stored

    @pytest.mark.parametrize(("count", "code"), [(0, "too_short"), (501, "too_long")])
    def test_refuses_fewer_than_1_and_more_than_500_lines(self, count, code):
        assert _wrong({**content(uuid7()), "items": [line()] * count}) == {"items": code}

    @pytest.mark.parametrize("part", list(ADDRESS))
    @pytest.mark.parametrize(
        ("text", "code"),
        [("", "string_too_short"), ("x" * 201, "string_too_long"), ("a\0b", "string_nul")],
    )
    def test_refuses_an_address_with_a_part_that_is_no_text(self, part, text, code):
        payload = content(uuid7(), shipping_address={**ADDRESS, part: text})
        assert _wrong(payload) == {f"shipping_address.{part}": code}

    @pytest.mark.parametrize("part", list(ADDRESS))
    def test_refuses_an_address_without_one_of_its_parts(self, part):
        rest = {name: text for name, text in ADDRESS.items() if name != part}
        payload = content(uuid7(), shipping_address=rest)
        assert _wrong(payload) == {f"shipping_address.{part}": "missing"}

    @pytest.mark.parametrize("currency", ["usd", "XXX", "XAU", "US", "", "EURO"])
    def test_refuses_a_currency_that_iso_4217_does_not_list(self, currency):
        payload = content(uuid7(), line(currency=currency), currency=currency)
        assert _wrong(payload) == {"items.0.currency": "currency", "currency": "currency"}

    def test_refuses_an_id_that_is_no_uuid(self):
        payload = content(uuid7(), line(product_id="lamp"))
        assert _wrong({**payload, "customer_id": "ada"}) == {
            "customer_id": "uuid_parsing",
            "items.0.product_id": "uuid_parsing",
        }
