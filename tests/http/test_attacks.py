"""Attacks that were tried and did not succeed, on every address that there is."""

import base64
import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from config.roles import ROLES
from tests.http.api import Api, assert_problem
from tests.http.every_address import Operation, operations
from tests.support.scenarios import content, customer, nothing_written, write_side

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
EVERY = pytest.mark.parametrize("operation", operations(), ids=str)
COMMANDS = pytest.mark.parametrize(
    "operation", [each for each in operations() if each.is_command], ids=str
)
CLAIMS = {"user_id": "u", "username": "u", "is_superuser": True, "permissions": []}


def signed(key: str | None, algorithm: str = "HS256", **changes: Any) -> str:
    claims = {**good().payload, **changes}
    return jwt.encode(
        {name: value for name, value in claims.items() if value is not None}, key, algorithm
    )


def good() -> AccessToken:
    token = AccessToken()
    token.payload.update(CLAIMS)
    return token


def promoted() -> str:
    """Return the token of a user without rights, whose claims were changed afterwards."""
    head, claims, signature = signed(settings.SECRET_KEY, is_superuser=False).split(".")
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    changed = json.dumps({**read, "is_superuser": True}).encode()
    return f"{head}.{base64.urlsafe_b64encode(changed).decode().rstrip('=')}.{signature}"


def expired() -> str:
    token = good()
    token.set_exp(lifetime=timedelta(seconds=-1))
    return str(token)


BAD_TOKENS = {
    "nothing": lambda: "",
    "a word": lambda: "x",
    "three words": lambda: "a.b.c",
    "NUL": lambda: "a\0.b.c",
    "not ASCII": lambda: "é.é.é",
    "very long": lambda: "a" * 20_000,
    "expired": expired,
    "changed": promoted,
    "without its signature": lambda: str(good()).rpartition(".")[0] + ".",
    "of no algorithm": lambda: signed(None, "none"),
    "of another algorithm": lambda: signed(settings.SECRET_KEY, "HS512"),
    "of another key": lambda: signed("k" * 64),
    "without an end": lambda: signed(settings.SECRET_KEY, exp=None),
    "without a user": lambda: signed(settings.SECRET_KEY, user_id=None),
    "of another type": lambda: signed(settings.SECRET_KEY, token_type="sliding"),
    "for refreshing": lambda: str(RefreshToken()),
}


class TestEveryAddress:
    @EVERY
    def test_refuses_each_bad_token(self, client: Client, operation: Operation):
        before = write_side()
        for kind, make in BAD_TOKENS.items():
            headers = {"Authorization": f"Bearer {make()}"}
            answer = client.generic(operation.method, operation.path, headers=headers)
            assert answer.status_code == 401, kind
            assert_problem(answer, 401, "not_authenticated")
        assert write_side() == before

    @EVERY
    def test_takes_no_token_from_elsewhere(self, client: Client, operation: Operation):
        client.cookies["access"] = client.cookies["Authorization"] = str(good())
        address = f"{operation.path}?access={good()}&token={good()}"
        assert client.generic(operation.method, address).status_code == 401

    @EVERY
    def test_takes_no_session_of_the_admin(self, client: Client, operation: Operation):
        client.force_login(User.objects.create_superuser("root"))
        assert client.generic(operation.method, operation.path).status_code == 401

    @EVERY
    @pytest.mark.parametrize("role", [*ROLES, "none"])
    def test_lets_each_role_do_what_it_may(self, api: Api, operation: Operation, role: str):
        api.user = role
        held = ROLES.get(role, ())
        headers = {} if role == "none" else api._headers()
        if role == "none":
            token = signed(settings.SECRET_KEY, is_superuser=False)
            headers = {"Authorization": f"Bearer {token}"}
        before = write_side()
        answer = api.http.generic(
            operation.method, operation.path, "{}", "application/json", headers=headers
        )
        if operation.message.permission not in held:
            assert_problem(answer, 403, "permission_denied")
            assert write_side() == before
        else:
            assert answer.status_code in (200, 201, 400, 404)


class TestMassAssignment:
    @COMMANDS
    def test_refuses_what_only_the_server_sets(self, api: Api, operation: Operation):
        fields = {
            *("id", "version", "status", "is_active", "registered_at", "order_date", "actor"),
            *("total_amount", "expected_version", "origin", "permissions", "reserved"),
            *operation.message.server_set_fields(),
        }
        allowed = set(operation.message.model_fields) - operation.message.server_set_fields()
        for field in sorted(fields - allowed):
            with nothing_written():
                answer = api._send(operation.method, operation.path, {field: 1}, {})
            codes = {each["field"]: each["code"] for each in answer.json()["errors"]}
            assert answer.status_code == 400
            assert codes[field] == "extra_forbidden", field

    def test_refuses_it_inside_a_line_and_an_address_too(self, api: Api):
        order = deepcopy(content(customer()))
        order["items"][0]["reserved"] = 5
        order["shipping_address"]["id"] = 1
        with nothing_written():
            answer = api.post("/api/orders", order)
        codes = {each["field"]: each["code"] for each in answer.json()["errors"]}
        assert codes == {
            "items.0.reserved": "extra_forbidden",
            "shipping_address.id": "extra_forbidden",
        }


class TestTraversal:
    @pytest.mark.parametrize(
        "path",
        [
            "/static/../config/settings.py",
            "/static/%2e%2e/%2e%2e/.local/secret_key",
            "/static/..%2f..%2f.local/secret_key",
            "/static//etc/passwd",
            "/static/%00",
            "/api/../admin/",
            "/.git/config",
            "/.local/postgres_admin_url",
        ],
    )
    def test_reaches_no_file(self, client: Client, path: str):
        answer = client.get(path)
        assert answer.status_code in (400, 404)
        assert b"SECRET" not in answer.getvalue()


class TestAdminPages:
    @pytest.fixture
    def browser(self) -> Client:
        """Return a browser with the session of a superuser, which checks for forged requests."""
        User.objects.create_superuser("root", password="a long password of root")
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(User.objects.get(username="root"))
        return browser

    @pytest.mark.parametrize(
        "path",
        [
            "/admin/auth/user/add/",
            "/admin/auth/group/add/",
            "/admin/logout/",
            "/admin/password_change/",
        ],
    )
    def test_refuse_a_form_of_another_site(self, browser: Client, path: str):
        answer = browser.post(path, {"username": "eve", "name": "eve"})
        assert answer.status_code == 403
        assert not User.objects.filter(username="eve").exists()

    @pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/auth/user/"])
    def test_are_shown_in_no_frame(self, browser: Client, path: str):
        answer = browser.get(path)
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"

    def test_give_a_new_session_to_who_logs_in(self, client: Client):
        User.objects.create_superuser("root", password="a long password of root")
        client.get("/admin/login/")
        fixed = client.session
        fixed["planted"] = "1"
        fixed.save()
        planted = fixed.session_key
        client.cookies[settings.SESSION_COOKIE_NAME] = planted
        login = {"username": "root", "password": "a long password of root"}
        assert client.post("/admin/login/", login).status_code == 302
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        assert cookie.value != planted
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example/",
            "//evil.example/",
            "///evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "http:evil.example",
        ],
    )
    def test_lead_to_no_other_site(self, client: Client, elsewhere: str):
        User.objects.create_superuser("root", password="a long password of root")
        login = {"username": "root", "password": "a long password of root", "next": elsewhere}
        answer = client.post("/admin/login/", login)
        assert answer.status_code == 302
        assert answer["Location"] == "/admin/"
