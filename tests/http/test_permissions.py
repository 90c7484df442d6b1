"""Who may do what: nothing without a token, and with one what the role says."""

from datetime import timedelta

import pytest
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from tests.http.addresses import COMMANDS, QUERIES
from tests.http.api import Api, assert_problem
from tests.support.scenarios import nothing_written

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
MAY = {
    "viewer": set(),
    "clerk": {"register", "update", "deactivate", "create", "cancel"},
    "warehouse": {"confirm", "ship", "deliver", "stock"},
    "admin": set(COMMANDS),
}


def token(**claims: object) -> str:
    made = AccessToken()
    made.payload.update(user_id="u", username="u", is_superuser=True)
    made.payload.update(claims)
    return str(made)


class TestNotAuthenticated:
    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Bearer a b", "Basic dTpw"])
    @pytest.mark.parametrize("path", QUERIES)
    def test_needs_a_token(self, client: Client, path: str, header: str | None):
        headers = {} if header is None else {"Authorization": header}
        answer = client.get(path, headers=headers)
        assert_problem(answer, 401, "not_authenticated")
        assert answer["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("name", COMMANDS)
    def test_needs_a_token_for_every_command(self, client: Client, name: str):
        method, path = COMMANDS[name]
        with nothing_written():
            answer = getattr(client, method)(path, {}, "application/json")
        assert_problem(answer, 401, "not_authenticated")

    @pytest.mark.parametrize("kind", ["expired", "forged", "refresh"])
    def test_refuses_a_token_that_is_none(self, client: Client, kind: str):
        expired = AccessToken()
        expired.set_exp(lifetime=timedelta(seconds=-1))
        given = {
            "expired": str(expired),
            "forged": token()[:-3] + "AAA",
            "refresh": str(RefreshToken()),
        }
        answer = client.get("/api/orders", headers={"Authorization": f"Bearer {given[kind]}"})
        assert_problem(answer, 401, "not_authenticated")

    def test_refuses_a_wrong_password_and_says_no_more(self, client: Client):
        body = {"username": "nobody", "password": "wrong"}
        answer = client.post("/api/auth/token", body, "application/json")
        assert_problem(answer, 401, "not_authenticated")

    def test_reads_no_database_to_check_a_token(self, api: Api, django_assert_num_queries):
        with django_assert_num_queries(0, using="default"):
            assert api.get("/api/orders").status_code == 200


class TestPermissions:
    @pytest.mark.parametrize("user", MAY)
    @pytest.mark.parametrize("name", COMMANDS)
    def test_lets_each_role_send_its_commands_and_no_others(self, api: Api, user: str, name: str):
        api.user = user
        method, path = COMMANDS[name]
        answer = getattr(api, method)(path, {})
        if name in MAY[user]:
            assert answer.status_code in (200, 400, 404)
        else:
            assert_problem(answer, 403, "permission_denied")

    @pytest.mark.parametrize("user", MAY)
    @pytest.mark.parametrize("path", QUERIES)
    def test_lets_each_role_read(self, api: Api, user: str, path: str):
        api.user = user
        assert api.get(path).status_code in (200, 404)

    def test_refuses_a_user_without_a_role(self, client: Client):
        headers = {"Authorization": f"Bearer {token(is_superuser=False)}"}
        assert_problem(client.get("/api/orders", headers=headers), 403, "permission_denied")

    def test_comes_before_the_look_at_the_input(self, api: Api):
        """A client does not learn the rules of what it may not do."""
        api.user = "viewer"
        assert_problem(api.post("/api/orders", {"wrong": 1}), 403, "permission_denied")
