"""How many requests are too many, and for whom."""

import json
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from config import environment as env
from cqrs.conf import DEFAULTS, conf
from cqrs.http import throttling
from cqrs.http.refresh_tokens import PasswordBoundToken
from cqrs.http.window_counters import LocalCounters
from tests.support.kernel_settings import cqrs

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

RATES = {"read": (3, 3600), "write": (2, 3600), "login": (2, 3600), "login_address": (5, 3600)}


@pytest.fixture(autouse=True)
def _strict(monkeypatch: pytest.MonkeyPatch):
    # In the middle of a window, so that no test crosses into the next one.
    frozen = SimpleNamespace(time=lambda: 3600 * 1000 + 1800.5)
    monkeypatch.setattr(throttling, "time", frozen)
    cache.clear()
    with cqrs(THROTTLE_RATES=RATES):
        yield
    cache.clear()


def bearer(name: str) -> dict[str, str]:
    token = AccessToken()
    token["user_id"] = name
    token["username"] = name
    token["is_superuser"] = True
    return {"Authorization": f"Bearer {token}"}


def read(client: Client, name: str):
    return client.get("/api/orders", headers=bearer(name))


def login(client: Client, name: str, **extra: str):
    body = {"username": name, "password": "wrong"}
    return client.post("/api/auth/token", body, "application/json", **extra)


def refresh(client: Client, token: str, **extra: str):
    return client.post("/api/auth/refresh", {"refresh": token}, "application/json", **extra)


class TestUserThrottle:
    def test_answers_429_with_the_time_to_wait(self, client: Client):
        assert [read(client, "a").status_code for _ in range(3)] == [200] * 3
        refused = read(client, "a")
        assert refused.status_code == 429
        assert refused.json()["code"] == "throttled"
        assert 1 <= int(refused["Retry-After"]) <= 3600

    def test_counts_each_user_apart(self, client: Client):
        for _ in range(4):
            read(client, "a")
        assert read(client, "b").status_code == 200

    def test_counts_writes_apart_from_reads(self, client: Client):
        def write():
            return client.post("/api/customers", {}, "application/json", headers=bearer("a"))

        for _ in range(4):
            read(client, "a")
        assert [write().status_code for _ in range(3)] == [400, 400, 429]

    def test_is_off_without_a_rate(self, client: Client):
        with cqrs(THROTTLE_RATES={**RATES, "read": None}):
            assert {read(client, "a").status_code for _ in range(5)} == {200}

    def test_counts_for_itself_when_the_cache_is_down(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(throttling.counters, "local", LocalCounters())
        with cqrs(REDIS_URL="redis://127.0.0.1:1/0"):
            assert [read(client, "a").status_code for _ in range(4)] == [200, 200, 200, 429]


class TestLoginThrottle:
    def test_counts_each_name_apart(self, client: Client):
        assert [login(client, "a").status_code for _ in range(3)] == [401, 401, 429]
        assert login(client, "b").status_code == 401

    def test_counts_spellings_of_one_name_together(self, client: Client):
        names = ["admin", " admin", "ADMIN\t", "\uff41dmin"]
        assert [login(client, name).status_code for name in names] == [401, 401, 429, 429]

    def test_counts_each_address_apart(self, client: Client):
        for _ in range(3):
            login(client, "a")
        assert login(client, "a", REMOTE_ADDR="10.0.0.9").status_code == 401

    def test_does_not_believe_a_client_about_its_address(self, client: Client):
        for _ in range(3):
            login(client, "a")
        assert login(client, "a", HTTP_X_FORWARDED_FOR="10.0.0.9").status_code == 429

    def test_counts_all_names_of_an_address(self, client: Client):
        answers = [login(client, f"name {number}").status_code for number in range(7)]
        assert answers == [401] * 5 + [429] * 2
        assert login(client, "name 8", REMOTE_ADDR="10.0.0.9").status_code == 401

    def test_takes_all_addresses_of_an_ipv6_network_for_one(self, client: Client):
        answers = [
            login(client, f"name {number}", REMOTE_ADDR=f"2001:db8::{number}").status_code
            for number in range(6)
        ]
        assert answers == [401] * 5 + [429]
        assert login(client, "x", REMOTE_ADDR="2001:db8:0:1::").status_code == 401

    def test_takes_both_spellings_of_an_ipv4_address_for_one(self, client: Client):
        addresses = ["10.0.0.9", "::ffff:10.0.0.9", "::ffff:a00:9"]
        answers = [login(client, "a", REMOTE_ADDR=each).status_code for each in addresses]
        assert answers == [401, 401, 429]

    def test_refuses_before_a_password_is_hashed(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ):
        for number in range(5):
            login(client, f"name {number}")
        monkeypatch.setattr("cqrs.http.tokens.authenticate", lambda *_, **__: pytest.fail("hashed"))
        assert login(client, "name 6").status_code == 429


class TestRefreshThrottle:
    @pytest.fixture
    def users(self) -> list[User]:
        return [User.objects.create_user(name) for name in ("ada", "bea")]

    def test_counts_garbage_for_itself(self, client: Client, users: list[User]):
        assert [refresh(client, "x").status_code for _ in range(30)] == [401] * 5 + [429] * 25
        for user in users:
            assert refresh(client, str(PasswordBoundToken.for_user(user))).status_code == 200
        assert login(client, "a").status_code == 401

    def test_counts_each_user_apart_at_any_address(self, client: Client, users: list[User]):
        first, second = (str(PasswordBoundToken.for_user(user)) for user in users)
        assert [refresh(client, first).status_code for _ in range(3)] == [200, 200, 429]
        assert refresh(client, first, REMOTE_ADDR="10.0.0.9").status_code == 429
        assert refresh(client, second).status_code == 200

    @pytest.mark.parametrize("body", [{}, {"refresh": 7}, {"refresh": None}, {"refresh": "\ud800"}])
    def test_counts_what_is_no_text_as_garbage(self, client: Client, body: object):
        text = json.dumps(body)
        answers = [
            client.post("/api/auth/refresh", text, "application/json").status_code for _ in range(6)
        ]
        assert answers == [400] * 5 + [429]


@pytest.mark.usefixtures("own_declarations")
class TestRate:
    def test_is_read_from_the_environment(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("THROTTLE_READ", "20/s")
        assert env.rate("THROTTLE_READ", "1/min", "reads") == (20, 1)

    def test_can_be_none(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("THROTTLE_READ", "")
        assert env.rate("THROTTLE_READ", "1/min", "reads") is None

    @pytest.mark.parametrize("text", ["x", "0/min", "5/year", "5"])
    def test_names_the_variable_when_it_cannot_be_read(
        self, text: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("THROTTLE_READ", text)
        with pytest.raises(env.ImproperlyConfigured, match="THROTTLE_READ"):
            env.rate("THROTTLE_READ", "1/min", "reads")


class TestStrangeNames:
    @pytest.mark.parametrize("name", ["\ud800", "a b\x00c", "é" * 500, {"not": "a name"}, None])
    def test_are_counted_like_others(self, client: Client, name: object, recwarn):
        body = json.dumps({"username": name, "password": "wrong"})
        answers = [
            client.post("/api/auth/token", body, "application/json").status_code for _ in range(3)
        ]
        assert answers[0] in (400, 401)
        assert answers[2] == 429
        assert not list(recwarn)


class TestRates:
    def test_are_the_defaults_where_the_settings_name_none(self) -> None:
        with cqrs(THROTTLE_RATES={"read": None}):
            assert conf().THROTTLE_RATES == {**DEFAULTS.THROTTLE_RATES, "read": None}
