"""The values of the steps of histories."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

NAMES = st.sampled_from(["Ada", 'Bo "B" \\ {x}', "Çiğdem\nÖ", "", "NULL"])
# All with the digits of a currency: the write side rounds to them, and sums have them too.
TOTALS = st.sampled_from(["0.00", "0.01", "19.99", "9999999999999999999.99", "1.05"])
CURRENCIES = st.sampled_from(["USD", "EUR", "JPY"])
WHICH = st.integers(0, 20)
PRODUCTS = [UUID(int=number) for number in (1, 2, 3)]
LINES = st.lists(
    st.tuples(st.sampled_from(PRODUCTS), NAMES, st.integers(1, 2**31 - 1), TOTALS),
    min_size=1, max_size=4,
)  # fmt: skip


def pick(items: Sequence[Any], which: int) -> Any:
    return items[which % len(items)]
