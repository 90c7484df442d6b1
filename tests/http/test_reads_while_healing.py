"""Reads while `projections heal` builds the tables anew.

The old ones serve what is lost: no change may be based on it.
"""

from typing import Any

import pytest

from cqrs.projections import lag
from cqrs.projections.models import ProjectionCheckpoint
from tests.http.api import Api, assert_problem
from tests.http.lost_past import LOST, PATHS, read_token
from tests.support.epochs import LATER, asked_anew, healed

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.usefixtures(asked_anew.__name__),
]


class TestReads:
    @pytest.fixture(autouse=True)
    def healing(self, order: Any) -> None:
        healed()
        ProjectionCheckpoint.objects.update(position=0, event_id=lag.HEALING)

    def test_has_no_token_of_the_new_epoch_applied(self, api: Api, order: Any):
        for path in (f"/api/orders/{order}", "/api/customers"):
            answer = api.get(path, **read_token(order, 1, LATER))
            assert_problem(answer, 503, "read_side_behind")

    def test_ignores_one_of_the_lost_past(self, api: Api, order: Any):
        assert api.get(f"/api/orders/{order}", **read_token(order, 1))[LOST] == "1"

    @pytest.mark.parametrize("path", PATHS)
    def test_gives_weak_tags(self, api: Api, order: Any, path: str):
        tag = api.get(path.format(order))["ETag"]
        assert (tag[:3], tag[-4:]) == ('W/"', f'-{LATER}"')
        for given in (tag, tag[2:]):
            answer = api.get(path.format(order), **{"If-Match": given})
            assert_problem(answer, 412, "version_conflict")

    def test_gives_tags_that_no_command_accepts(self, api: Api, order: Any):
        tag = api.get(f"/api/orders/{order}")["ETag"]
        answer = api.post(f"/api/orders/{order}/confirm", If_Match=tag)
        assert_problem(answer, 412, "version_conflict")
