"""What every test runs in: a context that may do everything."""

from collections.abc import Iterator
from functools import cache

import pytest
from django.db import connections
from django.test import TransactionTestCase
from httpx._transports import default as transports
from pytest_django.plugin import DjangoDbBlocker

from cqrs.database.profiles import Profile, current_profile, set_profile
from cqrs.event_log.audits import audit
from cqrs.http.password_hasher import LowPriorityHasher
from cqrs.messaging.context import system_context, use_context
from cqrs.notifications import listener
from cqrs.projections.registry import runner
from tests.support import as_migrated, cached_answers, rights
from tests.support.log import Log

pytest_plugins = ["tests.support.fixtures"]
# Each client would read all certificates anew, for 20 ms, though no address here is https.
transports.create_ssl_context = cache(transports.create_ssl_context)
HANG_UP = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'LISTEN %'
"""


@pytest.fixture(scope="session")
def _names(django_db_modify_db_settings: None) -> dict[str, str]:
    """Return what the databases are called before the tests have some of their own."""
    return {alias: connections[alias].settings_dict["NAME"] for alias in connections}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    rights.use(as_administrator=rights.needs_administrator(item))


@pytest.fixture(scope="session")
def _administrator() -> Iterator[bool]:
    """Make the databases for their roles; yield whether the first test is an administrator's."""
    is_administrators = rights.is_administrator()
    rights.use(as_administrator=False)
    with pytest.MonkeyPatch.context() as patch:
        rights.create_as_administrator(patch)
        yield is_administrators


@pytest.fixture(scope="session")
def django_db_setup(
    _names: dict[str, str],
    _administrator: bool,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Restore what a test has changed, instead of all that there is."""
    rights.use(as_administrator=_administrator)
    made = [
        alias for alias in connections if connections[alias].settings_dict["NAME"] != _names[alias]
    ]  # those that no test of this session uses are not
    with django_db_blocker.unblock():
        as_migrated.remember(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", as_migrated.instead_of_flush)
        yield
    for alias in made:
        rights.leave(alias)
    if "replica" in made:
        with django_db_blocker.unblock():
            _hang_up()


def _hang_up() -> None:
    """End the listening that only the end of a process ends: it keeps its database from going."""
    listener.RECONNECT_S = 3_600.0
    with connections["replica"].cursor() as cursor:
        cursor.execute(HANG_UP)


@pytest.fixture(scope="session", autouse=True)
def _few_iterations() -> Iterator[None]:
    """Let a hash of a password cost a thousandth; what is hashed and when stays the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LowPriorityHasher, "iterations", LowPriorityHasher.iterations // 1_000)
        yield


@pytest.fixture(scope="session", autouse=True)
def _short_wait() -> Iterator[None]:
    """Let a projecting task of this process wait for more events only for a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("readmodels.tasks.LINGER_S", 0.01)
        yield


@pytest.fixture(autouse=True)
def _context() -> Iterator[None]:
    with use_context(system_context(actor="test", correlation_id="c0")):
        yield


@pytest.fixture(autouse=True)
def _profile() -> Iterator[None]:
    """Undo what a test has said of the main thread's work, and leave no connection made for it."""
    yield
    if current_profile() is not Profile.COMMAND:
        set_profile(Profile.COMMAND)
        for connection in connections.all(initialized_only=True):
            if not connection.in_atomic_block:
                connection.close()


@pytest.fixture(autouse=True)
def _nothing_is_cached() -> None:
    """Other tests were answered from databases that are gone, and consumers failed in them."""
    cached_answers.forget()
    runner.paused.clear()


@pytest.fixture(autouse=True)
def _no_write_bypasses_the_events(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a tracked table changed without an event.

    A test that does so on purpose is marked `bypasses_events`. Not audited is a test that makes a
    `Log`: its events have no write side.
    """
    marker = request.node.get_closest_marker
    if marker("django_db") is None or marker("bypasses_events") is not None:
        yield
        return
    request.getfixturevalue("db")  # it must still be there when this one ends
    Log.was_made = False
    yield
    if not Log.was_made:
        assert [str(drift) for drift in audit()] == []
