"""Reading the order CSV."""

from pathlib import Path
from uuid import NAMESPACE_DNS, UUID, uuid5

import pytest

from orders.order_csv import (
    NAMESPACES,
    REQUIRED,
    RawOrder,
    UnreadableFile,
    read,
    stable_id,
    survey,
)
from orders.order_csv_payloads import customer_payload, defects, order_payload
from tests.orders.csv_files import COLUMNS, row, write


def raw(*rows: dict[str, str]) -> RawOrder:
    return RawOrder(rows[0]["order_id"], 2, list(rows))


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        survey(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestStableId:
    def test_keeps_a_uuid(self):
        known = "018f0000-0000-7000-8000-000000000001"
        assert stable_id("order", known) == UUID(known)
        assert stable_id("order", known.upper()) == UUID(known)

    @pytest.mark.parametrize("kind", ["order", "customer", "product"])
    def test_makes_a_uuid5_in_the_documented_namespace(self, kind: str):
        namespace = uuid5(NAMESPACE_DNS, f"{kind}.order-desk.invalid")
        assert stable_id(kind, "17") == uuid5(namespace, "17")

    def test_never_changes(self):
        """The namespaces are published: an id made today must be made for ever."""
        assert {kind: str(namespace) for kind, namespace in NAMESPACES.items()} == PUBLISHED

    def test_keeps_the_kinds_apart(self):
        assert len({stable_id(kind, "17") for kind in NAMESPACES}) == 3


class TestHeader:
    @pytest.mark.parametrize("name", REQUIRED)
    def test_needs_each_required_column(self, path: Path, name: str):
        write(path, row("1"), columns=[column for column in COLUMNS if column != name])
        assert refusal(path) == f"{path}: wrong header: missing columns: {name}"

    def test_names_what_it_does_not_know(self, path: Path):
        path.write_text(f"{','.join(REQUIRED)},colour,size\n")
        assert refusal(path) == f"{path}: wrong header: unknown columns: colour, size"

    def test_refuses_a_column_that_stands_there_twice(self, path: Path):
        path.write_text(f"{','.join(REQUIRED)},quantity\n")
        assert refusal(path) == f"{path}: wrong header: a column stands there twice"

    @pytest.mark.parametrize("text", ["", "\n", "hello"])
    def test_refuses_a_file_that_has_none(self, path: Path, text: str):
        path.write_text(text)
        assert "missing columns: order_id, ordered_at" in refusal(path)

    def test_needs_no_optional_column(self, path: Path):
        write(path, row("1"), columns=REQUIRED)
        assert survey(path).orders == 1

    def test_may_stand_in_any_order_after_a_byte_order_mark(self, path: Path):
        write(path, row("1"), columns=COLUMNS[::-1])
        path.write_text("\ufeff" + path.read_text())
        assert survey(path).orders == 1


class TestUnreadable:
    def test_says_that_there_is_no_such_file(self, path: Path):
        assert refusal(path) == f"{path}: No such file or directory"

    def test_says_that_it_is_a_folder(self, tmp_path: Path):
        assert refusal(tmp_path) == f"{tmp_path}: Is a directory"

    def test_says_that_it_is_not_utf_8(self, path: Path):
        write(path, *[row(str(number)) for number in range(500)])
        with path.open("ab") as file:
            file.write(b"caf\xe9")
        assert refusal(path) == f"{path}: not UTF-8 text"

    @pytest.mark.parametrize("text", ['1,"open', '1,"a"b', f"{'x' * 200_000},"])
    def test_says_that_it_is_not_csv(self, path: Path, text: str):
        write(path, row("1"))
        with path.open("a") as file:
            file.write(text)
        assert refusal(path).startswith(f"{path}: not CSV: ")


class TestRead:
    def test_groups_lines_that_stand_next_to_each_other(self, path: Path):
        write(path, row("1"), row("1"), row("2"), row("3"), row("3"))
        found = [(order.order_id, order.line, len(order.rows)) for order in read(path)]
        assert found == [("1", 2, 2), ("2", 4, 1), ("3", 5, 2)]

    def test_counts_lines_of_the_file_also_when_a_value_has_several(self, path: Path):
        write(path, row("1", street="12 Elm Street\nBack door"), row("2"))
        assert [order.line for order in read(path)] == [2, 4]

    def test_finds_torn_orders(self, path: Path):
        write(path, row("1"), row("2"), row("1"))
        assert survey(path).torn == {stable_id("order", "1")}

    def test_finds_torn_orders_whose_id_is_written_in_two_ways(self, path: Path):
        order = "018f0000-0000-7000-8000-00000000000a"
        write(path, row(order), row("2"), row(order.upper()))
        found = survey(path)
        assert [found.is_torn(each) for each in read(path)] == [True, False, True]

    def test_takes_lines_of_one_order_whose_id_is_written_in_two_ways(self, path: Path):
        order = "018f0000-0000-7000-8000-00000000000a"
        write(path, row(order), row(order.upper()))
        assert [len(found.rows) for found in read(path)] == [2]

    def test_takes_no_lines_without_an_id_for_one_torn_order(self, path: Path):
        write(path, row(""), row("2"), row(""))
        assert not survey(path).torn


class TestDefects:
    def test_finds_none(self):
        assert defects(raw(row("1"), row("1", product_id="p-2"))) == []

    @pytest.mark.parametrize("name", REQUIRED)
    def test_finds_what_is_empty(self, name: str):
        assert f"{name} is empty" in defects(raw(row("1") | {name: ""}))

    def test_finds_rows_that_are_too_short_or_too_long(self):
        for odd in ({"country": None}, {None: ["more"]}):
            assert defects(raw(row("1") | odd)) == [
                "row 1 has another number of columns than the header"
            ]

    @pytest.mark.parametrize("name", ["ordered_at", "customer_id", "customer_email", "city"])
    def test_finds_what_differs_between_the_lines(self, name: str):
        found = defects(raw(row("1"), row("1", **{name: "other"})))
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
            ("2026-01-31T12:30:00.123456+02:00", "2026-01-31T12:30:00.123456+02:00"),
        ],
    )
    def test_have_the_time_in_utc_unless_it_names_a_zone(self, text: str, expected: str):
        assert order_payload(raw(row("1", ordered_at=text)))["ordered_at"].isoformat() == expected

    @pytest.mark.parametrize("text", ["2.5", "two", "-1", " 2", "1_000", "٣", "9" * 5000])
    def test_leave_a_quantity_that_is_none_to_validation(self, text: str):
        assert order_payload(raw(row("1", quantity=text)))["items"][0]["quantity"] in (text, -1)


PUBLISHED = {
    "order": "3e11ef34-3a6d-55d5-8e96-3e0dfb4f0d4f",
    "customer": "7e7f31b9-023e-51ec-a6e4-345cc043a460",
    "product": "ef382f05-4184-57fc-a3d0-9704a5ca88f5",
}
