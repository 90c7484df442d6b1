"""What reads say after the log has lost a part of its past: its tokens are ignored, by name."""

from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from cqrs.messaging.ids import uuid7
from cqrs.projections import lag
from tests.http.api import Api, assert_problem
from tests.http.lost_past import LOST, PATHS, read_token
from tests.support.epochs import LATER, asked_anew, healed

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.usefixtures(asked_anew.__name__),
]


class TestToken:
    @pytest.mark.parametrize("path", [*PATHS, "/api/orders.csv"])
    @pytest.mark.parametrize("epoch", [0, 76])
    def test_of_a_lost_past_is_ignored(self, api: Api, order: Any, path: str, epoch: int):
        healed()
        lag.read_lag.forget()
        answer = api.get(path.format(order), **read_token(order, 5, epoch))
        assert (answer.status_code, answer[LOST]) == (200, "1")

    def test_of_a_lost_past_is_ignored_where_nothing_is_found(self, api: Api):
        key = uuid7()
        healed()
        answer = api.get(f"/api/orders/{key}", **read_token(key, 1))
        assert_problem(answer, 404, "not_found")
        assert answer[LOST] == "1"

    def test_of_this_epoch_waits(self, api: Api, order: Any):
        healed()
        path = f"/api/orders/{order}"
        answer = api.get(path, **read_token(order, 1, LATER))
        assert (answer.status_code, LOST in answer) == (200, False)
        assert_problem(api.get(path, **read_token(order, 2, LATER)), 503, "read_side_behind")

    def test_finds_out_about_a_heal_of_a_moment_ago(
        self, api: Api, order: Any, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(lag, "MEMO_S", 60.0)
        path = f"/api/orders/{order}"
        api.get(path)
        healed()
        answer = api.get(path, **read_token(order, 1, LATER))
        assert (answer.status_code, LOST in answer) == (200, False)
        answer = api.get(path, **read_token(order, 1))
        assert answer[LOST] == "1"
        assert answer["ETag"].endswith(f'-{LATER}"')

    def test_does_not_hold_for_the_same_version_of_another_epoch(
        self, api: Api, order: Any, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(lag, "MEMO_S", 60.0)
        api.get(f"/api/orders/{order}")
        healed()  # this process takes the first epoch for the current one, for a minute
        answer = api.get(f"/api/orders/{order}", **read_token(order, 1))
        assert (answer.status_code, answer[LOST]) == (200, "1")

    def test_is_lost_when_the_heal_comes_while_it_waits(self, api: Api, order: Any):
        api.get(f"/api/orders/{order}")
        healed()
        waits = {**read_token(order, 1), "Prefer": "wait=1"}
        answer = api.get(f"/api/orders/{order}", **waits)
        assert (answer.status_code, answer[LOST]) == (200, "1")


class TestTags:
    @pytest.mark.parametrize("path", PATHS[:3])
    def test_name_the_epoch_and_match_in_it_alone(self, api: Api, order: Any, path: str):
        first = api.get(path.format(order))
        healed()
        lag.read_lag.forget()
        again = api.get(path.format(order), **{"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (200, first.content)
        assert again["ETag"] == f'{first["ETag"][:-1]}-{LATER}"'
        known = api.get(path.format(order), **{"If-None-Match": again["ETag"]})
        assert known.status_code == 304

    @pytest.mark.parametrize("path", PATHS[:3])
    def test_of_a_lost_past_are_refused_where_they_must_match(
        self, api: Api, order: Any, path: str
    ):
        first = api.get(path.format(order))["ETag"]
        healed()
        lag.read_lag.forget()
        answer = api.get(path.format(order), **{"If-Match": f'"x", {first}'})
        assert_problem(answer, 412, "lost_past")
        answer = api.get(path.format(order), **{"If-Match": '"x", W/"y"'})
        assert_problem(answer, 412, "version_conflict")

    def test_of_a_document_serve_a_command(self, api: Api, order: Any):
        healed()
        tag = api.get(f"/api/orders/{order}")["ETag"]
        assert api.post(f"/api/orders/{order}/confirm", If_Match=tag).status_code == 200

    def test_cost_no_statement(self, api: Api, order: Any):
        healed()
        with CaptureQueriesContext(connections["replica"]) as captured:
            api.get(f"/api/orders/{order}")
        assert len(captured) == 2  # the age of the answer, and the answer
