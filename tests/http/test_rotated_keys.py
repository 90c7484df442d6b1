"""Signatures of SECRET_KEY_FALLBACKS are accepted, and no new one is made with them."""

from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, override_settings
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token

from cqrs.caching.redis import RedisCache
from cqrs.http.authentication import TokenAuthentication, _validated
from cqrs.http.refresh_tokens import PasswordBoundToken
from cqrs.http.signed_tokens import AccessToken
from tests.cqrs.caching.test_redis import ANSWER, kept, slot

__all__ = ["slot"]  # a fixture
EARLIER = "an earlier key, which has signed what clients still have"
ROTATED = override_settings(SECRET_KEY_FALLBACKS=["unknown" * 8, EARLIER])


@pytest.fixture(autouse=True)
def _nothing_cached() -> Iterator[None]:
    _validated.cache_clear()
    yield
    _validated.cache_clear()


def signed_earlier(token: Token) -> str:
    return jwt.encode(token.payload, EARLIER, "HS256")


def access(**claims: Any) -> bytes:
    token = AccessToken()
    token.payload.update(user_id="7", username="ada", **claims)
    return signed_earlier(token).encode()


def validated(raw: bytes) -> Any:
    return TokenAuthentication().get_validated_token(raw)


class TestAccessToken:
    @ROTATED
    def test_of_a_fallback_is_accepted(self) -> None:
        assert validated(access())["username"] == "ada"

    def test_of_another_key_is_refused(self) -> None:
        with pytest.raises(InvalidToken):
            validated(access())

    @ROTATED
    @pytest.mark.parametrize("wrong", [{"exp": 1}, {"token_type": "refresh"}])
    def test_of_a_fallback_is_checked_as_every_other(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(InvalidToken):
            validated(access(**wrong))

    @ROTATED
    def test_is_signed_with_the_key_alone(self) -> None:
        jwt.decode(str(AccessToken()), settings.SECRET_KEY, ["HS256"])


@pytest.mark.django_db
class TestRefreshToken:
    @pytest.fixture
    def earlier(self) -> str:
        user = User.objects.create_user("ada", password="correct horse battery")
        with override_settings(SECRET_KEY=EARLIER):
            return signed_earlier(PasswordBoundToken.for_user(user))

    def status(self, client: Client, token: str) -> int:
        body = {"refresh": token}
        return client.post("/api/auth/refresh", body, "application/json").status_code

    def test_of_a_fallback_is_accepted_and_ends_with_its_password(
        self, client: Client, earlier: str
    ) -> None:
        with ROTATED:
            assert self.status(client, earlier) == 200
            user = User.objects.get(username="ada")
            user.set_password("another horse battery")
            user.save()
            assert self.status(client, earlier) == 401

    def test_of_another_key_is_refused(self, client: Client, earlier: str) -> None:
        assert self.status(client, earlier) == 401


class TestCachedAnswer:
    def test_of_a_fallback_is_given(self, slot: Any) -> None:
        with override_settings(SECRET_KEY=EARLIER):
            kept(slot)
        assert RedisCache().find(slot).answer is None
        with ROTATED:
            assert RedisCache().find(slot).answer == ANSWER
