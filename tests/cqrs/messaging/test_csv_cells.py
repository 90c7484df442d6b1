"""Cells that no program runs as a formula, and the texts that they were made of."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrs.messaging.csv_cells import harmless, original

SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001
TEXTS = st.text() | st.text("'\"; \t\r\n=+-@ax,", max_size=12)


class TestHarmless:
    @pytest.mark.parametrize("start", [*SIGNS, "\t", "\r", "\n"])
    def test_marks_what_begins_like_a_formula(self, start: str):
        assert harmless(f"{start}1+1") == f"'{start}1+1"

    @pytest.mark.parametrize("separator", [";", "\t", "\r", "\n", "\r\n"])
    @pytest.mark.parametrize("between", ["", " ", '"', '" '])
    def test_marks_a_formula_behind_what_other_programs_split_at(
        self, separator: str, between: str
    ):
        assert harmless(f"x{separator}{between}=1+cmd") == f"x{separator}'{between}=1+cmd"

    @pytest.mark.parametrize("text", ["", "Ada", "a=1", "a;b", "1;2", "a\r\nb", "0.00", "O'Neill"])
    def test_leaves_the_rest_as_it_is(self, text: str):
        assert harmless(text) == text

    @given(TEXTS)
    def test_leaves_no_formula_to_a_program_that_splits_at_semicolons(self, text: str):
        written = io.StringIO(newline="")
        csv.writer(written).writerow(["id", harmless(text), 1])
        lines = io.StringIO(written.getvalue(), newline="")
        for cells in csv.reader(lines, delimiter=";"):
            assert not any(cell.startswith(SIGNS) for cell in cells)


class TestOriginal:
    @given(TEXTS)
    def test_is_the_text_again(self, text: str):
        assert original(harmless(text)) == text

    @pytest.mark.parametrize("cell", ["", "Ada", "O'Neill", "'s-Gravenhage", "x;'y"])
    def test_leaves_a_cell_that_was_not_marked(self, cell: str):
        assert original(cell) == cell
