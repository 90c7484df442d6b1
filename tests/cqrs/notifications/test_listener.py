"""The listener goes on listening, whatever is announced."""

import os
import signal
from typing import Any

import pytest
from django.db import connections

from cqrs.notifications import channel
from cqrs.notifications.listener import AppliedListener
from tests.support.desk import wait_for
from tests.support.kernel_settings import cqrs
from tests.support.redis_faults import hanging
from tests.support.servers import private_redis

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
        wait_for(lambda: listener.messages == 2)

    def test_listens_anew_after_a_text_that_is_no_change(self, listener: AppliedListener) -> None:
        channel.notify("")
        wait_for(lambda: listener.messages == 2 and listener.is_listening)
        channel.notify("orders")
        wait_for(lambda: listener.messages == 3)

    def test_gives_up_a_database_that_is_silent_and_listens_again(
        self, listener: AppliedListener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(channel, "POLL_S", 0.1)
        with connections["replica"].cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN \"Applied Here\"'"
            )
            pids = [pid for (pid,) in cursor.fetchall()]  # those of earlier tests listen, too
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            wait_for(lambda: not listener.is_listening)
            channel.notify("orders")
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        wait_for(lambda: listener.messages == 2 and listener.is_listening)

    def test_gives_up_a_host_that_has_vanished(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parameters = channel._parameters()
        limits = ("connect_timeout", "tcp_user_timeout", "keepalives_idle",
                  "keepalives_interval", "keepalives_count")  # fmt: skip
        assert [name for name in limits if name not in parameters] == []
        monkeypatch.setitem(
            connections["replica"].settings_dict, "OPTIONS", {"tcp_user_timeout": 7}
        )
        assert channel._parameters()["tcp_user_timeout"] == 7

    def test_connects_with_the_options_that_libpq_knows(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options = {"sslmode": "verify-full", "prepare_threshold": 0}
        monkeypatch.setitem(connections["replica"].settings_dict, "OPTIONS", options)
        parameters = channel._parameters()
        assert parameters["sslmode"] == "verify-full"
        assert parameters["target_session_attrs"] == "primary"
        assert "prepare_threshold" not in parameters


class TestListenerOfRedis:
    def test_gives_up_a_server_that_is_silent_and_listens_again(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, seconds in {"POLL_S": 0.1, "SILENCE_S": 1.0}.items():
            monkeypatch.setattr(channel, name, seconds)
        with private_redis() as server, cqrs(REDIS_URL=server.url):
            listener = AppliedListener()
            listener.wait(0, 30)
            assert listener.is_listening
            messages = listener.messages
            with hanging(server):
                # Its own state: the listeners of earlier tests write the same lines.
                wait_for(lambda: not listener._is_connected)
                assert not listener.is_listening
            wait_for(lambda: listener.messages > messages and listener.is_listening)
            messages = listener.messages
            channel.publish("orders")
            wait_for(lambda: listener.messages > messages)
