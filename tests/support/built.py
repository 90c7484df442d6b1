"""A read side with something in it, for what rebuilds and verifies it."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command

from cqrs.rebuild.table_copies import Slot, TableCopy
from readmodels.projections import PROJECTIONS
from tests.support.log import Log
from tests.support.threads import together


@pytest.fixture
def nothing_is_left() -> Iterator[None]:
    """Drop the tables that a test leaves: emptying the others would not."""
    yield
    for projection in PROJECTIONS:
        for slot in (Slot.SHADOW, Slot.RETIRED, Slot.CHECK, Slot.SAMPLE):
            TableCopy(projection, slot).drop()


def projections(*arguments: str, output: io.StringIO | None = None) -> str:
    """Run the command and return what it said; give `output` to see it also if it fails."""
    output = output or io.StringIO()
    call_command("projections", *arguments, stdout=output)
    return output.getvalue()


def filled() -> Log:
    """Write and project 30 customers with an order each, half of them confirmed, and products."""
    log = Log()
    for number in range(30):
        order = log.order(log.customer(f"Customer {number}"), total=f"{number}.25")
        if number % 2:
            log.confirm(order)
        log.stock(on_hand=number)
    log.projected()
    return log


def silent(*_: Any) -> None:
    """Show no progress."""


def elsewhere(function: Callable[[], Any]) -> Any:
    """Call the function in a thread and on connections of its own."""
    return together(function)[0]
