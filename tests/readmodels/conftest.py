"""The tests of the read side apply the events themselves."""

import pytest


@pytest.fixture(autouse=True)
def _no_wake_ups(no_wake_ups: None) -> None:
    """Patch the task before each test."""
