"""What several tests of the kernel begin with."""

from collections.abc import Iterator

import pytest
from django.db import connection

from cqrs.database import commit_outcome
from cqrs.reactions.handover import start_at_head
from tests.support.reacting import configure
from tests.support.tcp_proxy import Proxy, proxied


@pytest.fixture(autouse=True)
def _no_wake_ups(no_wake_ups: None) -> None:
    """Patch the task before each test: these tests apply the events themselves."""


@pytest.fixture
def deploy(settings):
    """Deploy these reactions instead of the product's own."""

    def deployed(*others):
        configure(settings, *others)
        start_at_head()
        return others[0]

    return deployed


@pytest.fixture
def never_asked(monkeypatch):
    """Fail when the server is asked for an outcome that its error already says."""

    def ask(self):
        raise AssertionError("asked for the outcome")

    monkeypatch.setattr(commit_outcome.CommitWitness, "was_committed", ask)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Proxy]:
    """Lead the write side's connection through a proxy."""
    settings = connection.settings_dict
    with proxied(settings["HOST"], int(settings["PORT"])) as (proxy, port):
        with monkeypatch.context() as patch:
            patch.setitem(settings, "PORT", str(port))
            connection.close()
            yield proxy
        connection.close()
