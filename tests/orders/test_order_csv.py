"""Reading the order CSV."""

from pathlib import Path
from uuid import NAMESPACE_DNS, UUID, uuid5

import pytest

from orders.order_csv import (
    NAMESPACES,
    REQUIRED,
    UnreadableFile,
    read,
    stable_id,
    survey,
)
from tests.support.csv_files import COLUMNS, row, write

PUBLISHED = {
    "order": "3e11ef34-3a6d-55d5-8e96-3e0dfb4f0d4f",
    "customer": "7e7f31b9-023e-51ec-a6e4-345cc043a460",
    "product": "ef382f05-4184-57fc-a3d0-9704a5ca88f5",
}


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
