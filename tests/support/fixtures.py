"""Fixtures for the tests of several packages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from config import setting
from readmodels.tasks import project
from tests.support.kernel_settings import cqrs
from tests.support.log import Log
from tests.support.pages import Staff
from tests.support.poison import Poison


@pytest.fixture
def no_wake_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave applying events to the test: a commit wakes up no worker."""
    monkeypatch.setattr(project, "delay", lambda **_: None)


@pytest.fixture
def own_declarations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the settings that the test declares."""
    monkeypatch.setattr(setting, "SETTINGS", dict(setting.SETTINGS))


@pytest.fixture
def no_reactions() -> Iterator[None]:
    """Register no reaction: the write side of a `Log` does not exist."""
    with cqrs(REACTIONS=[]):
        yield


@pytest.fixture
def log(db: None) -> Log:
    return Log()


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Poison]:
    """Return a function that breaks a projection's handler for events of `keys`."""

    def poison(handles: dict[str, Any], event_type: Any, *keys: Any) -> Poison:
        found = Poison(handles[event_type.wire_name], *keys)
        monkeypatch.setitem(handles, event_type.wire_name, found)
        return found

    return poison


@pytest.fixture
def staff() -> Staff:
    """Return a function that logs a user with these permissions alone into the admin."""

    def logged_in(*codenames: str) -> Client:
        user = User.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return logged_in
