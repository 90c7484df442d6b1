"""One desk for all end-to-end tests: starting one takes seconds, starting it again does not."""

from collections.abc import Iterator

import pytest

from tests.support.desk import Desk, served_desk


@pytest.fixture(scope="package")
def any_desk() -> Iterator[Desk]:
    with served_desk() as desk:
        yield desk


@pytest.fixture
def desk(any_desk: Desk) -> Desk:
    """Return the desk, serving with its workers, whatever the last test did to it."""
    any_desk.start()
    return any_desk
