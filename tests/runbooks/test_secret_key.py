"""A new SECRET_KEY by the runbook, in two web processes: no client has to log in again."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from http.cookiejar import CookieJar

import httpx
import pytest

from tests.runbooks.pages import FOLDER
from tests.runbooks.web import begin, wait_until_ready
from tests.support.desk import PASSWORD, Desk, served_desk
from tests.support.servers import private_redis
from tests.support.templates import served_postgres

KEYS = {"old": "o1d" * 20, "new": "nEw" * 20, "": ""}
STEP = re.compile(r"^ *\| (accept|sign|forget) \| (\w+) \| (\w*) ?\|", re.MULTILINE)
STEPS = {
    name: {"SECRET_KEY": KEYS[key], "SECRET_KEY_FALLBACKS": KEYS[fallback]}
    for name, key, fallback in STEP.findall((FOLDER / "rotate-the-secret-key.md").read_text())
}
BEFORE = {"SECRET_KEY": KEYS["old"]}


@pytest.fixture
def webs() -> Iterator[tuple[Desk, Desk]]:
    """Yield two desks of the same databases, as on two hosts; neither is started."""
    with ExitStack() as stack:
        variables = stack.enter_context(served_postgres()).variables
        redis = stack.enter_context(private_redis()).url
        one, other = [
            stack.enter_context(served_desk(**variables, REDIS_URL=redis)) for _ in range(2)
        ]
        yield one, other


def restart(web: Desk, keys: dict[str, str]) -> None:
    assert web.stop() == 0
    begin(web, **keys)
    wait_until_ready(web)


class Session:
    """A client of the API and of the admin, with what it had at its login."""

    def __init__(self, web: Desk) -> None:
        login = {"username": "admin", "password": PASSWORD}
        self.tokens = httpx.post(f"{web.url}/api/auth/token", json=login, timeout=30).json()
        self.cookies = CookieJar()
        with httpx.Client(base_url=web.url, cookies=self.cookies, timeout=30) as client:
            client.get("/admin/login/")
            form = {**login, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
            assert client.post("/admin/login/?next=/admin/", data=form).status_code == 302

    def statuses(self, web: Desk) -> list[int]:
        """Read, refresh and look at the admin, which may replace the cookie."""
        bearer = {"Authorization": f"Bearer {self.tokens['access']}"}
        with httpx.Client(base_url=web.url, cookies=self.cookies, timeout=30) as client:
            refresh = {"refresh": self.tokens["refresh"]}
            return [
                client.get("/api/orders", headers=bearer).status_code,
                client.post("/api/auth/refresh", json=refresh).status_code,
                client.get("/admin/").status_code,
            ]


GOOD = [200, 200, 200]
REFUSED = [401, 401, 302]


class TestRotation:
    def test_logs_no_client_out_and_ends_the_old_key(self, webs: tuple[Desk, Desk]) -> None:
        one, other = webs
        begin(one, **BEFORE)
        begin(other, **STEPS["accept"])
        wait_until_ready(*webs)
        sessions = [Session(one)]
        self.assert_all_good(webs, sessions)

        restart(one, STEPS["sign"])  # the other one has done the step before
        sessions.append(Session(one))
        self.assert_all_good(webs, sessions)

        restart(other, STEPS["forget"])
        assert sessions[0].statuses(other) == REFUSED
        self.assert_all_good(webs, sessions[1:])

    def assert_all_good(self, webs: tuple[Desk, Desk], sessions: list[Session]) -> None:
        for session in sessions:
            for web in webs:
                assert session.statuses(web) == GOOD
