"""What `Accept` asks for."""

import pytest

from tests.http.api import Api, assert_problem

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

JSON = "application/json"


class TestAccept:
    @pytest.mark.parametrize(
        "accept", ["*/*", JSON, "application/*", f"text/html, {JSON};q=0.9", f"{JSON}; charset=x"]
    )
    def test_is_answered_with_json_by_who_takes_it(self, api: Api, accept: str):
        answer = api.get("/api/orders", Accept=accept)
        assert (answer.status_code, answer["Content-Type"]) == (200, JSON)

    @pytest.mark.parametrize("accept", ["", " ", ",", ", ,"])
    def test_means_anything_when_it_names_nothing(self, api: Api, accept: str):
        answer = api.get("/api/orders", Accept=accept)
        assert (answer.status_code, answer["Content-Type"]) == (200, JSON)

    def test_may_be_absent(self, api: Api):
        assert api.get("/api/orders")["Content-Type"] == JSON

    def test_is_answered_406_when_nothing_fits(self, api: Api):
        assert_problem(api.get("/api/orders", Accept="text/html"), 406, "not_acceptable")
