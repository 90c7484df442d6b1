"""Tokens that were good are remembered: only those, not too many, and not for too long."""

import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from cqrs.http import authentication
from cqrs.http.authentication import MAX_TOKENS, TokenAuthentication, _validated


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    _validated.cache_clear()
    yield
    _validated.cache_clear()


def made(kind: type[Token] = AccessToken, **lifetime: float) -> bytes:
    token = kind()
    token["user_id"], token["username"] = "7", "ada"
    if lifetime:
        token.set_exp(lifetime=timedelta(**lifetime))
    return str(token).encode()


def validated(raw: bytes) -> Token:
    return TokenAuthentication().get_validated_token(raw)


class TestTokenAuthentication:
    @pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER"])
    def test_takes_the_scheme_in_upper_and_lower_case(self, scheme: bytes) -> None:
        assert TokenAuthentication().get_raw_token(scheme + b" x.y.z") == b"x.y.z"

    @pytest.mark.parametrize("header", [b"", b"x.y.z", b"Basic x.y.z", b"bearerx y"])
    def test_leaves_other_schemes(self, header: bytes) -> None:
        assert TokenAuthentication().get_raw_token(header) is None

    @pytest.mark.parametrize("header", [b"Bearer", b"bearer", b"bearer x y"])
    def test_refuses_a_scheme_without_its_one_token(self, header: bytes) -> None:
        with pytest.raises(AuthenticationFailed):
            TokenAuthentication().get_raw_token(header)

    def test_checks_a_signature_once(self) -> None:
        raw = made()
        assert [validated(bytes(bytearray(raw)))["username"] for _ in range(3)] == ["ada"] * 3
        assert (_validated.cache_info().misses, _validated.cache_info().hits) == (1, 2)

    def test_refuses_a_remembered_token_that_has_expired(self) -> None:
        raw = made(seconds=2)  # times in tokens are whole seconds
        expires_at = validated(raw)["exp"]
        time.sleep(max(0.0, expires_at - time.time()) + 0.01)
        with pytest.raises(InvalidToken) as remembered:
            validated(raw)
        _validated.cache_clear()
        with pytest.raises(InvalidToken) as unknown:
            validated(raw)
        assert remembered.value.detail == unknown.value.detail

    def test_refuses_it_from_the_second_on_that_it_names(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        raw = made()
        expires_at = validated(raw)["exp"]
        asked: list[bytes] = []

        monkeypatch.setattr(authentication, "_verified", asked.append)
        for now, again in ((expires_at - 0.001, []), (float(expires_at), [raw])):
            monkeypatch.setattr(authentication, "time", SimpleNamespace(time=lambda now=now: now))
            validated(raw)
            assert asked == again

    @pytest.mark.parametrize("part", [0, 1, 2])
    def test_refuses_what_differs_from_a_remembered_token(self, part: int) -> None:
        raw = made()
        validated(raw)
        parts = raw.split(b".")
        first = parts[part][5:6]
        parts[part] = parts[part][:5] + (b"A" if first != b"A" else b"B") + parts[part][6:]
        for _ in range(2):
            with pytest.raises(InvalidToken):
                validated(b".".join(parts))

    def test_remembers_nothing_that_was_refused(self) -> None:
        for raw in (b"x", made(seconds=-5), made(RefreshToken), made() + b"x"):
            with pytest.raises(InvalidToken):
                validated(raw)
        assert _validated.cache_info().currsize == 0

    def test_forgets_the_one_that_was_not_used_for_longest(self) -> None:
        first = made()
        validated(first)
        for _ in range(MAX_TOKENS):
            validated(made())
        assert _validated.cache_info().currsize == MAX_TOKENS
        misses = _validated.cache_info().misses
        assert validated(first)["username"] == "ada"
        assert _validated.cache_info().misses == misses + 1

    def test_is_what_the_api_asks(self, client: Client) -> None:
        raw = made().decode()
        for _ in range(2):
            header = {"Authorization": f"Bearer {raw}"}
            answer = client.post("/api/orders", {}, "application/json", headers=header)
            assert answer.status_code == 403
        assert (_validated.cache_info().misses, _validated.cache_info().hits) == (1, 1)
