"""What a benchmark says: one comparison per line of the table."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Comparison:
    """The product's figure beside another's, and what the ratio has to be.

    `kind` is `rival` for another way to do the same, or `limit` for what the machine allows. The
    ratio is product by other; with `at_most` it must not exceed the target.
    """

    row: str
    work: str
    unit: str
    product: float
    other_name: str
    other: float
    target: float
    aim: float
    kind: Literal["rival", "limit"] = "rival"
    at_most: bool = False
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.product / self.other

    @property
    def is_met(self) -> bool:
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target


@dataclass(frozen=True)
class NotAvailable:
    """A row that cannot be measured, and why."""

    row: str
    work: str
    reason: str


Finding = Comparison | NotAvailable
