"""Bodies that are no JSON object of ours, one way or another."""

import gzip
import re
from typing import Any

import pytest
from django.test import Client

from tests.support.api import bearer

pytestmark = pytest.mark.django_db
BROKEN = [
    b"{",
    b"[]",
    b"1",
    b"\xff",
    b'{"name": NaN}',
    b'{"name": 1e99999999999999999999999}',
    b'{"name": -1e99999999999999999999999}',
    b'{"name": ' + b"9" * 5_000 + b"}",
    b"[" * 100_000,
]
PYTHON = re.compile(r"codec|class|recursion|sys\.|decimal|char ")


def post(client: Client, body: bytes, kind: str = "application/json", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic("POST", "/api/customers", body, kind, headers={**bearer("ada"), **named})


class TestExactJSONParser:
    @pytest.mark.parametrize("body", BROKEN)
    def test_refuses_it_as_invalid(self, client: Client, body: bytes):
        answer = post(client, body)
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid"

    @pytest.mark.parametrize(
        "body",
        [
            b'{"name": "Ada", "email": "a@example.com", "name": "Bea"}',
            b'{"name": "Ada", "email": "a@example.com", "n\\u0061me": "Bea"}',
            b'{"name": {"a": 1, "a": 1}, "email": "a@example.com"}',
        ],
    )
    def test_refuses_a_name_that_comes_twice(self, client: Client, body: bytes):
        answer = post(client, body)
        assert answer.status_code == 400
        assert answer.json()["detail"] == "The body has an object in which a name comes twice"

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
    @pytest.mark.parametrize("named", [True, False])
    def test_takes_no_json_but_in_utf_8(self, client: Client, encoding: str, named: bool):
        kind = f"application/json; charset={encoding}" if named else "application/json"
        answer = post(client, '{"name": "Ada", "email": "a@example.com"}'.encode(encoding), kind)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    @pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "identity, gzip", "x"])
    def test_takes_no_coded_body(self, client: Client, coding: str):
        body = gzip.compress(b'{"name": "Ada", "email": "a@example.com"}')
        answer = post(client, body, Content_Encoding=coding)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    @pytest.mark.parametrize("kind", ["application/json; charset=UTF-8", "application/json"])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    def test_takes_utf_8_with_and_without_its_mark(self, client: Client, kind: str, mark: bytes):
        body = mark + '{"name": "Zoë", "email": "a@example.com"}'.encode()
        answer = post(client, body, kind, Content_Encoding="identity")
        assert (answer.status_code, answer.json()["name"]) == (201, "Zoë")

    @pytest.mark.parametrize("body", BROKEN)
    def test_says_why_without_words_of_python(self, client: Client, body: bytes):
        detail = post(client, body).json()["detail"]
        assert not PYTHON.search(detail), detail
