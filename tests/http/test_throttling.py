"""How many requests are too many, and for whom."""

import json
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from rest_framework_simplejwt.tokens import AccessToken

from config import environment as env
from cqrs.conf import DEFAULTS, conf
from cqrs.http import throttling
from tests.support.kernel_settings import cqrs

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

NOBODY_LISTENS = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:1",
    }
}
RATES = {"read": (3, 3600), "write": (2, 3600), "login": (2, 3600)}


@pytest.fixture(autouse=True)
def _strict(monkeypatch: pytest.MonkeyPatch):
    # In the middle of a window, so that no test crosses into the next one.
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 3600 * 1000 + 1800.5))
    cache.clear()
    with cqrs(THROTTLE_RATES=RATES):
        yield
    throttling.breaker.reset()
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

    def test_counts_for_itself_when_the_cache_is_down(self, client: Client):
        throttling._own_count.clear()
        with override_settings(CACHES=NOBODY_LISTENS):
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


class TestRate:
    def test_is_read_from_the_environment(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("THROTTLE_READ", "20/s")
        assert env.rate("THROTTLE_READ", "1/min") == (20, 1)

    def test_can_be_none(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("THROTTLE_READ", "")
        assert env.rate("THROTTLE_READ", "1/min") is None

    @pytest.mark.parametrize("text", ["x", "0/min", "5/year", "5"])
    def test_names_the_variable_when_it_cannot_be_read(
        self, text: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("THROTTLE_READ", text)
        with pytest.raises(env.ImproperlyConfigured, match="THROTTLE_READ"):
            env.rate("THROTTLE_READ", "1/min")


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
