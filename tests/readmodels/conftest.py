"""The read side is tested against a log of its own making, brought to it by hand."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from readmodels.tasks import project
from tests.support.log import Log
from tests.support.pages import Staff
from tests.support.poison import Poison


@pytest.fixture(autouse=True)
def _no_wake_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else applies events while a test looks, and no broker is needed."""
    monkeypatch.setattr(project, "delay", lambda **_: None)


@pytest.fixture
def log(db: None) -> Log:
    return Log()


@pytest.fixture(autouse=True)
def _no_write_bypasses_the_events() -> None:
    """Switch the audit off: most histories here are events without a write side."""


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Poison]:
    """Return what breaks a projection's handler, until its `keys` are cleared."""

    def poison(handles: dict[str, Any], event_type: Any, *keys: Any) -> Poison:
        found = Poison(handles[event_type.wire_name], *keys)
        monkeypatch.setitem(handles, event_type.wire_name, found)
        return found

    return poison


@pytest.fixture
def staff() -> Staff:
    """Return what logs somebody into the admin, with these permissions alone."""

    def logged_in(*codenames: str) -> Client:
        user = User.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return logged_in
