"""One deadline ends an outgoing call, however often the server sends something."""

import time
import urllib.request
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import override_settings

from cqrs.models import ReactionWork
from cqrs.reactions import executor
from cqrs.reactions.outgoing import http_opener
from tests.support.dripping import dripping
from tests.support.reacting import Recorder, failures, handed_over, run
from tests.support.scenarios import customer

DEADLINE_S = 0.5
PASSED = f"DeadlinePassed: no end within {DEADLINE_S:g} s"
OK = b"HTTP/1.1 200 OK\r\n"


def post(port: int) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", data=b"{}")
    with http_opener.open(request, timeout=5):
        pass


def mail(port: int) -> None:
    with override_settings(
        EMAIL_BACKEND="cqrs.reactions.outgoing.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        EMAIL_TIMEOUT=10,
    ):
        EmailMessage(subject="Welcome", body="Hello", to=["ada@example.com"]).send()


@pytest.mark.django_db
class TestDeadline:
    @pytest.mark.parametrize(
        ("call", "first", "then"),
        [
            (post, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (post, b"HTTP/1.1 ", b"2"),
            (post, b"HTTP/1.1 500 Broken\r\n", b"X-More: 1\r\n"),
            (mail, b"", b"2"),
            (mail, b"", b"220-wait\r\n"),
            (mail, b"220 hello\r\n250-hello\r\n", b"250-more\r\n"),
        ],
        ids=["continue", "status", "headers", "banner", "banner lines", "hello"],
    )
    def test_ends_a_call_that_drips(
        self, deploy: Any, call: Any, first: bytes, then: bytes
    ) -> None:
        with dripping(first, then) as (port, gone):
            recorder = deploy(Recorder(deadline_s=DEADLINE_S, then=lambda _: call(port)))
            customer()
            started = time.monotonic()
            assert run(recorder) == 1
            assert time.monotonic() - started < DEADLINE_S + 3
            assert gone.wait(5)
        assert failures() == [PASSED]
        assert ReactionWork.objects.get().attempts == 1

    def test_leaves_a_success_alone_whose_headers_do_not_end(self, deploy: Any) -> None:
        """The server has taken it: another attempt would be a second copy."""
        with dripping(OK, b"X-More: 1\r\n") as (port, gone):
            recorder = deploy(Recorder(deadline_s=DEADLINE_S, then=lambda _: post(port)))
            customer()
            assert run(recorder) == 1
            assert gone.wait(5)
        assert not ReactionWork.objects.exists()

    def test_holds_the_lease_until_the_call_has_ended(self, deploy: Any) -> None:
        seen: list[bool] = []

        def call(_: Any) -> None:
            try:
                post(port)
            finally:
                seen.append(executor.waiting() == [])

        with dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n") as (port, _):
            recorder = deploy(Recorder(deadline_s=DEADLINE_S, then=call))
            customer()
            handed_over()
            executor.run(recorder)
        assert seen == [True]
        assert failures() == [PASSED]

    def test_leaves_the_next_call_its_whole_time(self, deploy: Any) -> None:
        with dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n") as (port, _):
            recorder = deploy(Recorder(deadline_s=DEADLINE_S, then=lambda _: post(port)))
            customer()
            customer()
            assert run(recorder) == 2
        assert failures() == [PASSED] * 2
