"""The login to the admin has the limits of the login to the API."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from cqrs.http import throttling
from cqrs.http.hashing import hashing_turn
from tests.support.kernel_settings import cqrs

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

PATH = "/admin/login/"
PASSWORD = "correct horse battery"
RATES = {"read": None, "write": None, "login": (2, 3600), "login_address": (4, 3600)}


@pytest.fixture(autouse=True)
def _strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # In the middle of a window, so that no test crosses into the next one.
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 3600 * 1000 + 1800.5))
    cache.clear()
    with cqrs(THROTTLE_RATES=RATES):
        yield
    cache.clear()


@pytest.fixture
def admin() -> User:
    return User.objects.create_superuser("admin", password=PASSWORD)


def login(client: Client, name: str, password: str = "wrong"):
    return client.post(PATH, {"username": name, "password": password})


class TestAdminLogin:
    def test_refuses_a_name_that_was_tried_too_often(self, client: Client, admin: User) -> None:
        assert [login(client, "admin").status_code for _ in range(2)] == [200, 200]
        refused = login(client, "admin", PASSWORD)
        assert refused.status_code == 429
        assert refused["Retry-After"] == "1800"
        assert "No password was checked. Try again in 1800 seconds." in refused.text
        assert refused["Content-Type"].startswith("text/html")

    def test_refuses_an_address_that_tried_too_many_names(self, client: Client) -> None:
        answers = [login(client, f"name {number}").status_code for number in range(5)]
        assert answers == [200] * 4 + [429]

    def test_shares_its_counters_with_the_api(self, client: Client) -> None:
        for _ in range(2):
            login(client, "admin")
        body = {"username": "admin", "password": "wrong"}
        assert client.post("/api/auth/token", body, "application/json").status_code == 429

    def test_hashes_nothing_for_what_it_refuses(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(2):
            login(client, "admin")
        monkeypatch.setattr(
            "django.contrib.auth.forms.authenticate", lambda *_, **__: pytest.fail("hashed")
        )
        assert login(client, "admin").status_code == 429

    def test_does_not_count_forged_requests_of_other_pages(self, admin: User) -> None:
        strict = Client(enforce_csrf_checks=True)
        assert {login(strict, "admin").status_code for _ in range(5)} == {403}
        assert login(Client(), "admin", PASSWORD).status_code == 302

    def test_does_not_count_views_of_the_page(self, client: Client, admin: User) -> None:
        assert {client.get(PATH).status_code for _ in range(5)} == {200}
        assert login(client, "admin", PASSWORD)["Location"] == "/admin/"

    @pytest.mark.parametrize("fields", [{}, {"username": "\0"}, {"username": "x" * 10_000}])
    def test_counts_any_form(self, client: Client, fields: dict[str, str]) -> None:
        answers = [client.post(PATH, fields).status_code for _ in range(3)]
        assert answers == [200, 200, 429]

    def test_is_refused_while_others_hash(self, client: Client) -> None:
        with cqrs(HASHING_AT_ONCE=1, HASHING_WAIT_MS=20, THROTTLE_RATES=RATES), hashing_turn():
            refused = login(client, "admin")
        assert (refused.status_code, refused["Retry-After"]) == (503, "1")
        assert "Try again in 1 second." in refused.text
