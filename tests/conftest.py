"""What every test runs in: a context that may do everything."""

from collections.abc import Iterator

import pytest

from cqrs.context import system_context, use_context


@pytest.fixture(autouse=True)
def _context() -> Iterator[None]:
    with use_context(system_context(actor="test", correlation_id="c0")):
        yield
