"""What commands say after the log has lost a part of its past: tags and tokens name the epoch."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from cqrs.consistency.tokens import ConsistencyToken, decode
from cqrs.messaging.ids import uuid7
from tests.http.api import Api, assert_problem
from tests.http.lost_past import ADA, TOKEN, command_token, confirm
from tests.support import scenarios
from tests.support.epochs import LATER, LATEST, asked_anew, healed
from tests.support.scenarios import content, nothing_written

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.usefixtures(asked_anew.__name__),
]


class TestAnswers:
    @pytest.mark.parametrize("epoch", [LATER, LATEST])
    def test_name_the_epoch(self, api: Api, epoch: int):
        healed(epoch)
        answer = api.post("/api/customers", ADA)
        assert (answer["ETag"], answer.json()["version"]) == (f'"1-{epoch}"', 1)
        assert decode(answer[TOKEN]).epoch == epoch

    def test_name_none_before_the_first_heal(self, api: Api):
        answer = api.post("/api/customers", ADA)
        assert answer["ETag"] == '"1"'
        known = ConsistencyToken("customer", decode(answer[TOKEN]).stream_id, 1)
        assert answer[TOKEN] == known.encode()

    def test_name_the_epoch_of_a_moment_ago(self, api: Api):
        order = scenarios.order()
        for epoch, verb in ((LATER, "confirm"), (LATEST, "ship")):
            healed(epoch)
            answer = api.post(f"/api/orders/{order}/{verb}")
            assert decode(answer[TOKEN]).epoch == epoch

    def test_name_the_epoch_of_today_when_they_are_replayed(self, api: Api):
        first = api.post("/api/customers", ADA, Idempotency_Key="k")
        healed()
        with nothing_written():
            again = api.post("/api/customers", ADA, Idempotency_Key="k")
        assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
        assert again["ETag"] == f'"1-{LATER}"'
        assert decode(again[TOKEN]).epoch == LATER


class TestIfMatch:
    LOST = ['"1"', '"1.9f86d081884c7d65"', '"1-76"', '"1.a-76"', '"2"', '"x", "2-77", "1-76"']
    CURRENT = ['"1-77"', '"1.9f86d081884c7d65-77"', '"1", "1-77"', "*"]
    CONFLICTS = ['"2-77"', '"x"', '"2.a-77", "x"', '"1-77-gzip"', 'W/"1-77"', '"1-077"', '"1-"']

    @pytest.mark.parametrize("tags", LOST)
    def test_is_refused_by_name(self, api: Api, tags: str):
        order = scenarios.order()
        healed()
        with nothing_written():
            problem = assert_problem(confirm(api, order, If_Match=tags), 412, "lost_past")
        assert [error["field"] for error in problem["errors"]] == ["If-Match"]

    @pytest.mark.parametrize("tags", CURRENT)
    def test_passes_in_its_epoch(self, api: Api, tags: str):
        order = scenarios.order()
        healed()
        answer = confirm(api, order, If_Match=tags)
        assert (answer.status_code, answer["ETag"]) == (200, '"2-77"')

    @pytest.mark.parametrize("tags", CONFLICTS)
    def test_is_a_conflict_in_its_epoch(self, api: Api, tags: str):
        order = scenarios.order()
        healed()
        assert_problem(confirm(api, order, If_Match=tags), 412, "version_conflict")

    def test_is_lost_too_where_the_log_has_not_come_to_its_epoch(self, api: Api):
        assert_problem(confirm(api, scenarios.order(), If_Match='"1-77"'), 412, "lost_past")

    def test_is_looked_at_before_the_state(self, api: Api):
        order = scenarios.order(status="shipped")
        healed()
        assert_problem(confirm(api, order, If_Match='"3"'), 412, "lost_past")
        assert_problem(confirm(api, order, If_Match='"3-77"'), 409, "invalid_transition")

    @pytest.mark.parametrize(("tag", "code"), [("1", "lost_past"), ("1-77", "version_conflict")])
    def test_refuses_a_creation(self, api: Api, tag: str, code: str):
        body = content(scenarios.customer())
        healed()
        with nothing_written():
            for answer in (
                api.post("/api/orders", body, If_Match=f'"{tag}"'),
                api.put(f"/api/products/{uuid7()}/stock", {"on_hand": 1}, If_Match=f'"{tag}"'),
            ):
                assert_problem(answer, 412, code)

    def test_is_lost_before_if_none_match_is_looked_at(self, api: Api):
        order = scenarios.order()
        healed()
        both = {"If_Match": '"1", "1-77"', "If_None_Match": "*"}
        assert_problem(confirm(api, order, **both), 412, "version_conflict")
        both["If_Match"] = '"1"'
        assert_problem(confirm(api, order, **both), 412, "lost_past")


class TestIfNoneMatch:
    def test_matches_in_its_epoch_alone(self, api: Api):
        order = scenarios.order()
        healed()
        refused = confirm(api, order, If_None_Match='"1-77"')
        assert_problem(refused, 412, "version_conflict")
        assert confirm(api, order, If_None_Match='"1"').status_code == 200


class TestStatements:
    @pytest.mark.parametrize("epoch", [0, LATER])
    def test_are_no_more_with_tags_and_tokens(self, api: Api, epoch: int):
        healed(epoch)
        tag = f'"1-{epoch}"' if epoch else '"1"'
        counts = []
        for headers in ({}, {"If_Match": tag}, command_token(epoch), {"If_None_Match": '"9"'}):
            order = scenarios.order()
            with CaptureQueriesContext(connections["default"]) as captured:
                assert confirm(api, order, **headers).status_code == 200
            counts.append(len(captured))
        assert counts == [counts[0]] * 4
