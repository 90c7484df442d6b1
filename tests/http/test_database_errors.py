"""What a database says of itself becomes a documented answer, and what is a bug stays one."""

import time

import pytest
from django.contrib.auth.models import User
from django.db import Error, connections
from django.test import Client

from cqrs.database.breaker import database_breaker
from cqrs.database.profiles import Profile, use_profile
from cqrs.messaging.ids import uuid7
from orders.commands import SetStock
from tests.http.api import Api, assert_problem
from tests.support.faults import execute, handled_by
from tests.support.scenarios import nothing_written
from tests.support.sqlstates import saying

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

WRITE, READ = "write_side_unavailable", "read_side_unavailable"
# SQLSTATE, and what a command, and what a query answers.
ANSWERS = [
    ("08006", WRITE, READ),  # connection failure
    ("25006", WRITE, READ),  # read only
    ("25P03", WRITE, READ),  # idle in transaction
    ("40001", "busy", READ),  # serialization failure
    ("40P01", "busy", READ),  # deadlock
    ("42P01", WRITE, READ),  # undefined table
    ("53100", WRITE, READ),  # disk full
    ("53200", WRITE, READ),  # out of memory
    ("53300", WRITE, READ),  # too many connections
    ("55P03", "busy", READ),  # lock not available
    ("57014", WRITE, READ),  # cancelled: statement time-out
    ("57P01", WRITE, READ),  # shut down
    ("57P03", WRITE, READ),  # starting
    ("57P05", WRITE, READ),  # idle session
    ("58030", WRITE, READ),  # I/O error
    ("XX001", WRITE, READ),  # corrupted data
]
BUGS = ["42601", "42703", "22012", "25P01"]


def put_stock(api: Api) -> object:
    return api.put(f"/api/products/{uuid7()}/stock", {"on_hand": 1})


class TestCommand:
    @pytest.mark.parametrize(("sqlstate", "code", "_"), ANSWERS)
    def test_answers_503(self, api: Api, sqlstate: str, code: str, _: str):
        started = time.monotonic()
        with nothing_written(), saying("default", sqlstate):
            answer = put_stock(api)
        assert_problem(answer, 503, code)
        assert int(answer["Retry-After"]) >= 1
        assert time.monotonic() - started < 4

    @pytest.mark.parametrize("sqlstate", ["55P03", "57014", "53100"])
    def test_is_not_repeated_after_a_limit(self, api: Api, sqlstate: str):
        calls = []

        def handler(command: SetStock) -> None:
            calls.append(command)
            with saying("default", sqlstate):
                execute("SELECT 1")

        with handled_by(SetStock, handler):
            put_stock(api)
        assert len(calls) == 1

    @pytest.mark.parametrize("sqlstate", BUGS)
    def test_does_not_hide_a_bug(self, api: Api, sqlstate: str):
        api.http.raise_request_exception = False
        with saying("default", sqlstate):
            assert_problem(put_stock(api), 500, "internal_error")

    def test_answers_a_deadlock_that_comes_again_within_its_patience(self, api: Api):
        def deadlock(command: SetStock) -> None:
            execute("SELECT pg_sleep(1)")  # what the server needs to find one
            with saying("default", "40P01"):
                execute("SELECT 1")

        started = time.monotonic()
        with handled_by(SetStock, deadlock):
            assert_problem(put_stock(api), 503, "busy")
        assert time.monotonic() - started < 5


class TestQuery:
    @pytest.mark.parametrize(("sqlstate", "_", "code"), ANSWERS)
    @pytest.mark.parametrize("path", ["/api/orders", "/api/customers?search=a"])
    def test_answers_503(self, api: Api, path: str, sqlstate: str, _: str, code: str):
        with saying("replica", sqlstate):
            answer = api.get(path)
        assert_problem(answer, 503, code)
        assert int(answer["Retry-After"]) >= 1

    @pytest.mark.parametrize("sqlstate", BUGS)
    def test_does_not_hide_a_bug(self, api: Api, sqlstate: str):
        api.http.raise_request_exception = False
        with saying("replica", sqlstate):
            assert_problem(api.get("/api/orders"), 500, "internal_error")


class TestLogin:
    @pytest.mark.parametrize(("sqlstate", "code", "_"), ANSWERS)
    def test_answers_503(self, api: Api, sqlstate: str, code: str, _: str):
        with saying("default", sqlstate):
            answer = api.http.post("/api/auth/token", {"username": "a", "password": "b"})
            assert answer.status_code == 415  # the parser comes first
            answer = api.post("/api/auth/token", {"username": "a", "password": "b"})
        assert_problem(answer, 503, code)


class TestAdmin:
    @pytest.fixture
    def admin(self) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(User.objects.create_superuser("boss"))
        return client

    @pytest.mark.parametrize("alias", ["default", "replica"])
    @pytest.mark.parametrize("sqlstate", [state for state, _, _ in ANSWERS])
    def test_answers_a_page_with_503(self, admin: Client, alias: str, sqlstate: str):
        with saying(alias, sqlstate):
            answer = admin.get("/admin/readmodels/orderreadmodel/")
        assert answer.status_code == 503
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        assert answer["Retry-After"] == "1"
        side = {"default": b"write database", "replica": b"read database"}[alias]
        assert side in answer.content or b"Another transaction" in answer.content

    def test_answers_a_problem_where_its_middleware_fails(self, admin: Client):
        connections["default"].close()
        with use_profile(Profile.WEB):
            database_breaker("default").open()
            try:
                answer = admin.get("/admin/")
            finally:
                database_breaker("default").reset()
        assert answer.status_code == 503

    def test_does_not_hide_a_bug(self, admin: Client):
        admin.raise_request_exception = True
        with saying("replica", "42601"), pytest.raises(Error):
            admin.get("/admin/readmodels/orderreadmodel/")
