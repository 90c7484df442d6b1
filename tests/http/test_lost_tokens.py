"""Commands that come with a consistency token: one of a past that the log has lost is refused."""

from uuid import UUID

import pytest

from cqrs.consistency.tokens import ConsistencyToken
from cqrs.messaging.ids import uuid7
from cqrs.models import IdempotentAnswer
from tests.http.api import Api, assert_problem
from tests.http.lost_past import ADA, TOKEN, command_token, confirm
from tests.support import scenarios
from tests.support.epochs import LATER, asked_anew, healed
from tests.support.scenarios import nothing_written

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.usefixtures(asked_anew.__name__),
]


UNKNOWN_STREAM = ConsistencyToken("foo", UUID(int=1), 1).encode()


class TestToken:
    def test_of_a_lost_past_is_refused(self, api: Api):
        order = scenarios.order()
        healed()
        for epoch in (0, 76):
            with nothing_written():
                problem = assert_problem(
                    confirm(api, order, **command_token(epoch)), 409, "lost_past"
                )
            assert [error["field"] for error in problem["errors"]] == [TOKEN]

    def test_of_this_epoch_passes(self, api: Api):
        order = scenarios.order(status="confirmed")
        assert api.post(f"/api/orders/{order}/ship", **command_token(0)).status_code == 200
        healed()
        assert api.post(f"/api/orders/{order}/deliver", **command_token(LATER)).status_code == 200

    def test_is_refused_before_the_handler_refuses(self, api: Api):
        healed()
        assert_problem(confirm(api, uuid7(), **command_token(0)), 409, "lost_past")
        assert_problem(confirm(api, uuid7(), **command_token(LATER)), 404, "not_found")

    def test_leaves_the_refusal_of_a_failed_statement(self, api: Api):
        api.post("/api/customers", ADA)
        healed()
        assert_problem(api.post("/api/customers", ADA, **command_token(0)), 409, "email_taken")

    def test_is_no_part_of_what_an_idempotency_key_stands_for(self, api: Api):
        first = api.post("/api/customers", ADA, Idempotency_Key="k", **command_token(0))
        healed()
        again = api.post("/api/customers", ADA, Idempotency_Key="k", **command_token(0))
        assert (again.status_code, again.content) == (201, first.content)

    def test_has_its_refusal_stored_as_every_other(self, api: Api):
        healed()
        with nothing_written():
            for known in (command_token(0), command_token(LATER)):
                answer = api.post("/api/customers", ADA, Idempotency_Key="k", **known)
                assert_problem(answer, 409, "lost_past")
        assert answer["Idempotency-Replayed"] == "true"
        assert IdempotentAnswer.objects.count() == 1

    @pytest.mark.parametrize("text", ["", "x", "b3JkZXI6eDox", UNKNOWN_STREAM])
    def test_that_cannot_be_read_is_refused(self, api: Api, text: str):
        with nothing_written():
            answer = api.post("/api/customers", ADA, X_Consistency_Token=text)
            assert_problem(answer, 400, "invalid_token")
