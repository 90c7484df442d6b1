"""Access tokens: what they carry, how long they live, and what they ask of the database."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

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

    def test_names_missing_fields(self, client: Client):
        answer = client.post("/api/auth/token", {}, "application/json")
        assert answer.status_code == 400
        assert {error["field"] for error in answer.json()["errors"]} == {"username", "password"}


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
