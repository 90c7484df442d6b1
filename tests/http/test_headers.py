"""The headers of a request that change how it is handled."""

from types import SimpleNamespace
from typing import Any

import pytest

from cqrs.http.headers import preferred_wait_s


def preferred(header: str | None) -> int | None:
    request: Any = SimpleNamespace(META={} if header is None else {"HTTP_PREFER": header})
    return preferred_wait_s(request)


class TestPreferredWait:
    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("wait=2", 2),
            ("WAIT = 2", 2),
            ('wait="2"', 2),
            ("wait=99", 30),
            ("wait=2; foo=1", 2),
            ("respond-async, wait=2", 2),
            ("respond-async,wait=2 , wait=3", 2),
            ("respond-async; a=b, wait=2", 2),
            ('foo="a, b", wait=2', 2),
            (r'foo="a\", wait=1", wait=2', 2),
            ("wait=x, wait=2", 2),
        ],
    )
    def test_is_a_preference_of_its_own(self, header: str, seconds: int) -> None:
        assert preferred(header) == seconds

    @pytest.mark.parametrize(
        "header",
        [None, "", "wait", "wait=x", "wait=-1", "await=2", "foo;wait=2", "foo; a=b ; wait=2",
         'foo="a, wait=2"', r'foo="\", wait=2"', 'foo=", wait=2', "wait=2 3"],
    )  # fmt: skip
    def test_is_nothing_else(self, header: str | None) -> None:
        assert preferred(header) is None

    @pytest.mark.parametrize("part", ["a,", "a;", '"a",', '"', "\\", "wait=,", '"a' * 3 + ","])
    def test_is_sought_in_little_time(self, part: str) -> None:
        assert preferred(part * 20_000 + "x") is None
