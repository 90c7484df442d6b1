"""The listener goes on listening, whatever is announced."""

from typing import Any

import pytest
from django.db import connections

from cqrs.notifications import channel
from cqrs.notifications.listener import AppliedListener
from tests.support.desk import wait_for

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.postgresql_version,
]


@pytest.fixture
def listener(settings: Any) -> AppliedListener:
    """Return one that listens to PostgreSQL, on a channel of this test alone."""
    settings.CQRS = {**settings.CQRS, "REDIS_URL": "", "CHANNEL": "Applied Here"}
    listener = AppliedListener()
    listener.wait(0, 30)
    assert (listener.is_listening, listener.messages) == (True, 1)
    return listener


class TestAppliedListener:
    def test_hears_a_channel_with_any_name(self, listener: AppliedListener) -> None:
        channel.notify("orders")
        wait_for(lambda: listener.messages == 2, 30)

    def test_listens_anew_after_a_text_that_is_no_change(self, listener: AppliedListener) -> None:
        channel.notify("")
        wait_for(lambda: listener.messages == 2 and listener.is_listening, 30)
        channel.notify("orders")
        wait_for(lambda: listener.messages == 3, 30)

    def test_connects_with_the_options_that_libpq_knows(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options = {"sslmode": "verify-full", "prepare_threshold": 0}
        monkeypatch.setitem(connections["replica"].settings_dict, "OPTIONS", options)
        parameters = channel._parameters()
        assert parameters["sslmode"] == "verify-full"
        assert parameters["target_session_attrs"] == "primary"
        assert "prepare_threshold" not in parameters
