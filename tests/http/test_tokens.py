"""Access tokens: what they carry, how long they live, and what they ask of the database."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import get_hasher
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from cqrs.http.refresh_tokens import PASSWORD_CLAIM, PasswordBoundToken
from tests.http.api import assert_problem, wrong

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _no_earlier_attempts():
    cache.clear()


@pytest.fixture
def clerk() -> User:
    user = User.objects.create_user("clerk", password=PASSWORD)
    user.groups.add(Group.objects.get(name="clerk"))
    return user


def login(client: Client, password: str = PASSWORD):
    body = {"username": "clerk", "password": password}
    return client.post("/api/auth/token", body, "application/json")


def refresh(client: Client, token: str):
    return client.post("/api/auth/refresh", {"refresh": token}, "application/json")


class TestObtainToken:
    def test_carries_roles_and_permissions(self, client: Client, clerk: User):
        claims = AccessToken(login(client).json()["access"])
        assert claims["username"] == "clerk"
        assert claims["roles"] == ["clerk"]
        assert claims["is_superuser"] is False
        assert "orders.create_order" in claims["permissions"]
        assert "orders.confirm_order" not in claims["permissions"]

    def test_lives_fifteen_minutes_and_its_refresh_token_a_day(self, client: Client, clerk: User):
        answer = login(client).json()
        assert AccessToken(answer["access"]).lifetime == timedelta(minutes=15)
        assert RefreshToken(answer["refresh"]).lifetime == timedelta(days=1)

    def test_refuses_a_wrong_password(self, client: Client, clerk: User):
        answer = login(client, "wrong")
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_authenticated"
        assert answer["Content-Type"] == "application/problem+json"

    def test_says_the_same_of_a_wrong_password_and_of_an_unknown_name(
        self, client: Client, clerk: User
    ):
        body = {"username": "unknown", "password": PASSWORD}
        unknown = client.post("/api/auth/token", body, "application/json").json()
        wrong = login(client, "wrong").json()
        assert unknown.pop("trace_id") != wrong.pop("trace_id")
        assert unknown == wrong

    def test_hashes_a_password_for_an_unknown_name_too(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ):
        """An answer that came sooner would tell which names there are."""
        hashed, hasher = [], type(get_hasher())
        encode = hasher.encode

        def spy(self, password, *more, **named):
            hashed.append(password)
            return encode(self, password, *more, **named)

        monkeypatch.setattr(hasher, "encode", spy)
        body = {"username": "unknown", "password": PASSWORD}
        assert client.post("/api/auth/token", body, "application/json").status_code == 401
        assert hashed == [PASSWORD]


class TestRefreshAccess:
    def test_gives_a_new_access_token(self, client: Client, clerk: User):
        answer = refresh(client, login(client).json()["refresh"])
        assert answer.status_code == 200
        assert AccessToken(answer.json()["access"])["roles"] == ["clerk"]

    def test_forgets_a_role_that_was_taken_away(self, client: Client, clerk: User):
        token = login(client).json()["refresh"]
        clerk.groups.clear()
        claims = AccessToken(refresh(client, token).json()["access"])
        assert (claims["roles"], claims["permissions"]) == ([], [])

    def test_refuses_a_user_who_may_no_longer_log_in(self, client: Client, clerk: User):
        token = login(client).json()["refresh"]
        User.objects.update(is_active=False)
        assert refresh(client, token).status_code == 401

    def test_refuses_a_user_who_is_gone(self, client: Client, clerk: User):
        token = login(client).json()["refresh"]
        clerk.delete()
        assert refresh(client, token).status_code == 401

    def test_refuses_an_access_token(self, client: Client, clerk: User):
        assert refresh(client, login(client).json()["access"]).status_code == 401

    def test_refuses_a_token_after_a_change_of_the_password(self, client: Client, clerk: User):
        token = login(client).json()["refresh"]
        clerk.set_password("another " + PASSWORD)
        clerk.save()
        answer = refresh(client, token)
        assert_problem(answer, 401, "not_authenticated")
        assert (
            refresh(client, login(client, "another " + PASSWORD).json()["refresh"]).status_code
            == 200
        )

    def test_refuses_a_token_without_the_digest_of_the_password(self, client: Client, clerk: User):
        assert refresh(client, str(RefreshToken.for_user(clerk))).status_code == 401

    def test_refuses_the_digest_of_another_user(self, client: Client, clerk: User):
        other = User.objects.create_user("other", password=PASSWORD)
        token = PasswordBoundToken.for_user(clerk)
        token[PASSWORD_CLAIM] = PasswordBoundToken.for_user(other)[PASSWORD_CLAIM]
        assert refresh(client, str(token)).status_code == 401

    def test_gives_access_tokens_without_the_digest(self, client: Client, clerk: User):
        given = login(client).json()
        assert PASSWORD_CLAIM in RefreshToken(given["refresh"]).payload
        for access in (given["access"], refresh(client, given["refresh"]).json()["access"]):
            assert PASSWORD_CLAIM not in AccessToken(access).payload


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "errors"),
        [
            ({}, {"username": "missing", "password": "missing"}),
            ({"username": "", "password": ""},
             {"username": "string_too_short", "password": "string_too_short"}),
            ({"username": 7, "password": ["x"]},
             {"username": "string_type", "password": "string_type"}),
            ({"username": "a\0", "password": "x"}, {"username": "string_nul"}),
            ({"username": "\ud800", "password": "x" * 4097},
             {"username": "string_unicode", "password": "string_too_long"}),
            ({"username": "a", "password": "x", "is_staff": True, "next": "/"},
             {"is_staff": "extra_forbidden", "next": "extra_forbidden"}),
        ],
    )  # fmt: skip
    def test_of_a_login_are_strict(self, client: Client, body: object, errors: dict[str, str]):
        answer = client.post("/api/auth/token", json.dumps(body), "application/json")
        assert wrong(answer) == errors

    @pytest.mark.parametrize(
        ("body", "errors"),
        [
            ({}, {"refresh": "missing"}),
            ({"refresh": ""}, {"refresh": "string_too_short"}),
            ({"refresh": None}, {"refresh": "string_type"}),
            ({"refresh": "x", "access": "y"}, {"access": "extra_forbidden"}),
        ],
    )
    def test_of_a_refresh_are_strict(self, client: Client, body: object, errors: dict[str, str]):
        answer = client.post("/api/auth/refresh", json.dumps(body), "application/json")
        assert wrong(answer) == errors

    def test_of_a_good_refresh_are_strict_too(self, client: Client, clerk: User):
        body = {"refresh": login(client).json()["refresh"], "user": "admin"}
        answer = client.post("/api/auth/refresh", body, "application/json")
        assert wrong(answer) == {"user": "extra_forbidden"}

    @pytest.mark.parametrize("path", ["/api/auth/token", "/api/auth/refresh"])
    @pytest.mark.parametrize("body", ["[]", "7", '"x"', "null", "{", ""])
    def test_are_objects(self, client: Client, path: str, body: str):
        assert_problem(client.post(path, body, "application/json"), 400, "invalid")

    def test_are_read_without_trimming(self, client: Client, clerk: User):
        """A text that differs is another name, and another password."""
        assert login(client, f" {PASSWORD}").status_code == 401


class TestBearer:
    def test_is_checked_without_a_database(
        self, client: Client, clerk: User, django_assert_num_queries
    ):
        token = login(client).json()["access"]
        with django_assert_num_queries(0):
            client.get("/api/orders", headers={"Authorization": f"Bearer {token}"})

    @pytest.mark.parametrize("header", ["Bearer x", "Bearer", "Bearer a b", "Basic YTpi"])
    def test_is_refused_when_it_is_none_of_ours(self, client: Client, header: str):
        answer = client.get("/api/orders", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_is_refused_when_it_has_expired(self, client: Client, clerk: User):
        token = AccessToken.for_user(clerk)
        token.set_exp(lifetime=timedelta(seconds=-1))
        answer = client.get("/api/orders", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
