"""Reading the order CSV."""

from pathlib import Path
from uuid import NAMESPACE_DNS, UUID, uuid5

import pytest

from orders.order_csv import NAMESPACES, REQUIRED, OrderFile, RawOrder, UnreadableFile, stable_id
from orders.order_survey import DOUBTFUL, TORN, survey
from tests.support.csv_files import COLUMNS, row, write

PUBLISHED = {
    "order": "3e11ef34-3a6d-55d5-8e96-3e0dfb4f0d4f",
    "customer": "7e7f31b9-023e-51ec-a6e4-345cc043a460",
    "product": "ef382f05-4184-57fc-a3d0-9704a5ca88f5",
}


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        survey(OrderFile(path))
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

    @pytest.mark.parametrize(
        "text", ["018f0000000070008000000000000001", "{018f0000-0000-7000-8000-000000000001}",
                 "urn:uuid:018f0000-0000-7000-8000-000000000001",
                 "018f-0000000070008000000000000001"]
    )  # fmt: skip
    def test_takes_another_spelling_of_a_uuid_for_a_text(self, text: str):
        assert stable_id("order", text) == uuid5(NAMESPACES["order"], text)

    def test_is_the_same_in_every_unicode_form(self):
        assert stable_id("order", "\u00e9") == stable_id("order", "e\u0301")

    def test_keeps_the_kinds_apart(self):
        assert len({stable_id(kind, "17") for kind in NAMESPACES}) == 3


class TestHeader:
    @pytest.mark.parametrize("name", REQUIRED)
    def test_needs_each_required_column(self, path: Path, name: str):
        write(path, row("1"), columns=[column for column in COLUMNS if column != name])
        assert refusal(path) == f"wrong header: missing columns: {name}"

    def test_names_what_it_does_not_know(self, path: Path):
        path.write_text(f"{','.join(REQUIRED)},colour,size\n")
        assert refusal(path) == "wrong header: unknown columns: colour, size"

    def test_refuses_a_column_that_stands_there_twice(self, path: Path):
        path.write_text(f"{','.join(REQUIRED)},quantity\n")
        assert refusal(path) == "wrong header: a column stands there twice"

    @pytest.mark.parametrize("text", ["", "\n", "hello"])
    def test_refuses_a_file_that_has_none(self, path: Path, text: str):
        path.write_text(text)
        assert "missing columns: order_id, ordered_at" in refusal(path)

    def test_needs_no_optional_column(self, path: Path):
        write(path, row("1"), columns=REQUIRED)
        assert survey(OrderFile(path)).orders == 1

    def test_may_stand_in_any_order_after_a_byte_order_mark(self, path: Path):
        write(path, row("1"), columns=COLUMNS[::-1])
        path.write_text("\ufeff" + path.read_text())
        assert survey(OrderFile(path)).orders == 1


class TestUnreadable:
    def test_says_that_there_is_no_such_file(self, path: Path):
        assert refusal(path) == "No such file or directory"

    def test_says_that_it_is_a_folder(self, tmp_path: Path):
        assert refusal(tmp_path) == "Is a directory"

    def test_says_that_it_is_not_utf_8(self, path: Path):
        write(path, *[row(str(number)) for number in range(500)])
        with path.open("ab") as file:
            file.write(b"caf\xe9")
        assert refusal(path) == "not UTF-8 text"


def read(path: Path) -> list[RawOrder]:
    return list(OrderFile(path))


def lines(order: RawOrder) -> list[int]:
    return [each.line for each in order.rows]


class TestRead:
    def test_groups_lines_that_stand_next_to_each_other(self, path: Path):
        write(path, row("1"), row("1"), row("2"), row("3"), row("3"))
        found = [(order.order_id, lines(order)) for order in read(path)]
        assert found == [("1", [2, 3]), ("2", [4]), ("3", [5, 6])]

    def test_counts_lines_of_the_file_also_when_a_value_has_several(self, path: Path):
        write(path, row("1", street="12 Elm Street\nBack door"), row("2"))
        assert [lines(order) for order in read(path)] == [[2], [4]]

    def test_takes_lines_of_one_order_whose_id_is_written_in_two_ways(self, path: Path):
        order = "018f0000-0000-7000-8000-00000000000a"
        write(path, row(order), row(order.upper()), row("é"), row("e\u0301"))
        assert [len(found.rows) for found in read(path)] == [2, 2]

    def test_skips_rows_in_which_nothing_stands(self, path: Path):
        write(path, row("1"))
        with path.open("a") as file:
            file.write(",,,,,,,,,,,,,,\n\n , ,\n")
        with path.open("a") as file:
            file.write(path.read_text().splitlines()[1] + "\n")
        assert [lines(order) for order in read(path)] == [[2, 6]]

    def test_holds_rows_as_they_stand(self, path: Path):
        write(path, row("1", product_name='27" Monitor'))
        [order] = read(path)
        assert order.rows[0].text == path.read_bytes().decode().splitlines(keepends=True)[1]


class TestBrokenRows:
    HEADER = ",".join(REQUIRED)
    GOOD = "2026-01-31,c-1,p-1,1,1.00"

    def orders(self, path: Path, *rows: str) -> list[tuple[str, list[str]]]:
        """Return each order with the defects of its rows."""
        path.write_text("\n".join((self.HEADER, *rows)))
        return [(order.order_id, [each.defect for each in order.rows]) for order in read(path)]

    def test_are_one_line_after_a_quote_that_is_never_closed(self, path: Path):
        found = self.orders(path, f'1,"{self.GOOD}', f"2,{self.GOOD}", f"3,{self.GOOD}")
        assert found == [("1", ["not CSV: unexpected end of data"]), ("2", [""]), ("3", [""])]

    def test_are_one_line_when_the_next_quote_is_another_cells(self, path: Path):
        found = self.orders(path, f'1,"{self.GOOD}', f'2,"2026-01-31"{self.GOOD[10:]}')
        assert found == [("1", ["not CSV: ',' expected after '\"'"]), ("2", [""])]

    def test_are_those_with_a_quote_inside_quotes(self, path: Path):
        found = self.orders(path, f'1,"20"26"{self.GOOD[10:]}', f"1,{self.GOOD}", f"2,{self.GOOD}")
        assert found == [("1", ["not CSV: ',' expected after '\"'", ""]), ("2", [""])]

    def test_are_those_with_a_cell_that_is_too_long(self, path: Path):
        found = self.orders(path, f"1,{'x' * 131_073}", f"2,{self.GOOD}")
        assert found == [("1", ["not CSV: field larger than field limit (131072)"]), ("2", [""])]

    def test_are_those_with_a_cell_too_many_or_too_few(self, path: Path):
        found = self.orders(path, f"1,{self.GOOD},", f"2,{self.GOOD[:-5]}", f"3,{self.GOOD}")
        assert found == [
            ("1", ["7 cells under 6 columns"]),
            ("2", ["5 cells under 6 columns"]),
            ("3", [""]),
        ]

    def test_name_no_order_behind_the_defect(self, path: Path):
        names = ["product_id", *[name for name in REQUIRED if name != "product_id"]]
        rows = ["p,1,2026-01-31,c,1,1", "p,x,2,2026-01-31,c,1,1", "p,3,2026-01-31,c,1,1"]
        path.write_text("\n".join((",".join(names), *rows, "p,4,2026-01-31,c,1,1")))
        found, seen = OrderFile(path), survey(OrderFile(path))
        reasons = [(order.order_id, seen.reason(order)) for order in found]
        assert reasons == [("1", DOUBTFUL), ("", None), ("3", DOUBTFUL), ("4", None)]


class TestSurvey:
    def test_finds_torn_orders(self, path: Path):
        write(path, row("1"), row("2"), row("1"))
        assert survey(OrderFile(path)).reasons == {stable_id("order", "1"): TORN}

    def test_finds_torn_orders_whose_id_is_written_in_two_ways(self, path: Path):
        order = "018f0000-0000-7000-8000-00000000000a"
        write(path, row(order), row("2"), row(order.upper()))
        found = survey(OrderFile(path))
        assert [found.reason(each) for each in read(path)] == [TORN, None, TORN]

    def test_takes_no_lines_without_an_id_for_one_torn_order(self, path: Path):
        write(path, row(""), row("2"), row(""))
        assert not survey(OrderFile(path)).reasons
