"""What the rows of an order come to as a command, or what is wrong with them."""

import pytest

from orders.order_csv import REQUIRED, RawOrder, Row, stable_id
from orders.order_csv_payloads import customer_payload, defects, order_payload
from tests.support.csv_files import COLUMNS, row


def raw(*rows: dict[str, str]) -> RawOrder:
    numbered = [Row(line, "", values) for line, values in enumerate(rows, start=2)]
    return RawOrder(rows[0]["order_id"], numbered)


class TestDefects:
    def test_finds_none(self):
        assert defects(raw(row("1"), row("1", product_id="p-2"))) == []

    @pytest.mark.parametrize("name", REQUIRED)
    def test_finds_what_is_empty(self, name: str):
        assert f"{name} is empty" in defects(raw(row("1") | {name: ""}))

    def test_names_the_line_of_a_row_that_cannot_be_read(self):
        broken = Row(3, "", {"order_id": "1"}, "16 cells under 15 columns")
        order = RawOrder("1", [*raw(row("1")).rows, broken])
        assert defects(order) == ["line 3: 16 cells under 15 columns"]

    def test_finds_a_time_that_is_none(self):
        assert defects(raw(row("1", ordered_at="45306"))) == [
            "ordered_at: Not an ISO 8601 date or time such as 2026-01-31 or 2026-01-31T12:30:00Z"
        ]

    def test_finds_no_difference_between_unicode_forms(self):
        assert defects(raw(row("1", city="Z\u00fcrich"), row("1", city="Zu\u0308rich"))) == []

    @pytest.mark.parametrize("name", ["ordered_at", "customer_id", "customer_email", "city"])
    def test_finds_what_differs_between_the_lines(self, name: str):
        found = defects(raw(row("1"), row("1", **{name: "2026-02-01"})))
        assert found == [f"{name} differs between the lines of the order"]


class TestPayloads:
    def test_hold_what_the_file_says(self):
        order = raw(row("1"), row("1", product_id="p-2", quantity="3"))
        payload = order_payload(order)
        assert payload["order_id"] == stable_id("order", "1")
        assert payload["customer_id"] == stable_id("customer", "c-1")
        assert payload["ordered_at"].isoformat() == "2026-01-31T12:30:00+00:00"
        assert payload["items"][1] == {
            "product_id": stable_id("product", "p-2"),
            "product_name": "Lamp",
            "quantity": 3,
            "unit_price": "10.50",
            "currency": "EUR",
        }
        assert customer_payload(order)["name"] == "Ada"
        assert customer_payload(order)["email"] == "ada@example.com"

    def test_have_plain_placeholders_where_the_file_says_nothing(self):
        empty = dict.fromkeys(set(COLUMNS) - set(REQUIRED), "")
        for changes in (empty, {}):
            rows = row("1") | changes if changes else {
                name: value for name, value in row("1").items() if name in REQUIRED
            }  # fmt: skip
            order = raw(rows)
            customer = stable_id("customer", "c-1")
            assert customer_payload(order)["name"] == "Customer c-1"
            assert customer_payload(order)["email"] == f"{customer}@import.invalid"
            payload = order_payload(order)
            assert set(payload["shipping_address"].values()) == {"unknown"}
            assert payload["items"][0]["product_name"] == "Product p-1"
            assert "currency" not in payload["items"][0]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-01-31", "2026-01-31T00:00:00+00:00"),
            ("2026-01-31 12:30", "2026-01-31T12:30:00+00:00"),
            ("2026-01-31T12:30:00.123456+02:00", "2026-01-31T10:30:00.123456+00:00"),
        ],
    )
    def test_have_the_time_in_utc_unless_it_names_a_zone(self, text: str, expected: str):
        assert order_payload(raw(row("1", ordered_at=text)))["ordered_at"].isoformat() == expected

    @pytest.mark.parametrize("text", ["2.5", "two", "-1", " 2", "1_000", "٣", "9" * 5000])
    def test_leave_a_quantity_that_is_none_to_validation(self, text: str):
        assert order_payload(raw(row("1", quantity=text)))["items"][0]["quantity"] in (text, -1)
