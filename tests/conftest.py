"""What every test runs in: a context that may do everything."""

from collections.abc import Iterator

import pytest

from cqrs.audits import audit
from cqrs.context import system_context, use_context
from tests import kept_answers


@pytest.fixture(autouse=True)
def _context() -> Iterator[None]:
    with use_context(system_context(actor="test", correlation_id="c0")):
        yield


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> None:
    """Other tests were answered from databases that are gone."""
    kept_answers.forget()


@pytest.fixture(autouse=True)
def _no_write_bypasses_the_events(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a tracked table changed without an event.

    A test that does so on purpose is marked `bypasses_events`.
    """
    marker = request.node.get_closest_marker
    if marker("django_db") is None or marker("bypasses_events") is not None:
        yield
        return
    request.getfixturevalue("db")  # it must still be there when this one ends
    yield
    assert [str(drift) for drift in audit()] == []
