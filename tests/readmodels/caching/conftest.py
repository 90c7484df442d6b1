"""Kept answers are tested with Redis, and without."""

from typing import Any

import pytest

from readmodels import caching
from readmodels.wakeups import Bell

bell = Bell(caching.hear)  # in a test run with Redis the process's own bell listens there


@pytest.fixture(params=["redis", "memory"], autouse=True)
def where(request: Any, settings: Any, monkeypatch: Any) -> str:
    """Run each test with Redis, and without."""
    if request.param == "memory":
        settings.REDIS_URL = ""
        monkeypatch.setattr(caching, "bell", bell)
        bell.wait(0, 5)
        assert bell.is_listening
    return str(request.param)
