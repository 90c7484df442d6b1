"""RFC 9110, section 13: what a client expects before it changes or reads something."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrs.http.entity_tags import EntityTag, read_tags
from cqrs.messaging.ids import uuid7
from tests.http.api import Api, assert_problem
from tests.support import scenarios
from tests.support.scenarios import content, nothing_written

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

FIRST = ['"1"', '"1.9f86d081884c7d65"', "*", '"2", "1"', '"x","1.a" , W/"7"', ' "1" ', ',"1",,']
OTHERS = ['"2"', 'W/"1"', '"x"', '"-1"', '""', '"01"', '"1-gzip"', '"1x"', '"0"', "", '"2", W/"1"',
          '"1,2"', '"*"']  # fmt: skip
UNREADABLE = ["1", '"1', "W/", '"1" "2"', "*, *", '*,"1"', 'w/"1"', '"a b"']
NAMES = ["If-Match", "If-None-Match"]


class TestIfMatch:
    @pytest.mark.parametrize("tags", FIRST)
    def test_passes_at_one_of_the_versions(self, api: Api, tags: str):
        answer = api.post(f"/api/orders/{scenarios.order()}/confirm", If_Match=tags)
        assert answer.status_code == 200

    @pytest.mark.parametrize("tags", OTHERS)
    def test_refuses_what_does_not_match_strongly(self, api: Api, tags: str):
        order = scenarios.order()
        with nothing_written():
            answer = api.post(f"/api/orders/{order}/confirm", If_Match=tags)
        assert_problem(answer, 412, "version_conflict")

    def test_refuses_what_has_moved_on_before_it_looks_at_the_state(self, api: Api):
        order = scenarios.order(status="shipped")
        with nothing_written():
            answer = api.post(f"/api/orders/{order}/confirm", If_Match='"1"')
        assert_problem(answer, 412, "version_conflict")
        answer = api.post(f"/api/orders/{order}/confirm", If_Match='"3"')
        assert_problem(answer, 409, "invalid_transition")

    @pytest.mark.parametrize("tags", ["*", '"1"'])
    def test_refuses_a_creation(self, api: Api, tags: str):
        body = content(scenarios.customer())
        with nothing_written():
            assert_problem(api.post("/api/orders", body, If_Match=tags), 412, "version_conflict")
            new = {"name": "Bea", "email": "bea@example.com"}
            answer = api.post("/api/customers", new, If_Match=tags)
            assert_problem(answer, 412, "version_conflict")
            path = f"/api/products/{uuid7()}/stock"
            answer = api.put(path, {"on_hand": 1}, If_Match=tags)
            assert_problem(answer, 412, "version_conflict")

    @pytest.mark.parametrize(
        ("method", "path"),
        [("patch", "/api/customers/{}"), ("post", "/api/customers/{}/deactivate"),
         ("post", "/api/orders/{}/confirm"), ("post", "/api/orders/{}/ship"),
         ("post", "/api/orders/{}/deliver"), ("post", "/api/orders/{}/cancel")],
    )  # fmt: skip
    def test_refuses_what_is_not_there(self, api: Api, method: str, path: str):
        send, address = getattr(api, method), path.format(uuid7())
        body = {"name": "Bea"} if method == "patch" else {}
        with nothing_written():
            answer = send(address, body, If_Match="*")
            assert "There is no" in assert_problem(answer, 412, "version_conflict")["detail"]
            assert_problem(send(address, body, If_Match='"1"'), 404, "not_found")
            assert_problem(send(address, body, If_None_Match="*"), 404, "not_found")


class TestIfNoneMatch:
    def test_creates_only(self, api: Api):
        path = f"/api/products/{uuid7()}/stock"
        assert api.put(path, {"on_hand": 1}, If_None_Match="*").status_code == 200
        with nothing_written():
            answer = api.put(path, {"on_hand": 9}, If_None_Match="*")
        assert_problem(answer, 412, "version_conflict")

    @pytest.mark.parametrize("tags", ['"1"', 'W/"1"', '"7", W/"1.abc"', "*"])
    def test_refuses_what_the_client_has_not_seen_change(self, api: Api, tags: str):
        order = scenarios.order()
        with nothing_written():
            answer = api.post(f"/api/orders/{order}/confirm", If_None_Match=tags)
        assert_problem(answer, 412, "version_conflict")

    @pytest.mark.parametrize("tags", ['"2"', '"x", W/"y"', ""])
    def test_passes_at_another_version(self, api: Api, tags: str):
        answer = api.post(f"/api/orders/{scenarios.order()}/confirm", If_None_Match=tags)
        assert answer.status_code == 200

    def test_lets_a_creation_pass(self, api: Api):
        body = {"name": "Bea", "email": "bea@example.com"}
        assert api.post("/api/customers", body, If_None_Match="*").status_code == 201

    def test_is_looked_at_after_if_match(self, api: Api):
        order = scenarios.order()
        both = {"If_Match": '"1"', "If_None_Match": '"1"'}
        assert_problem(api.post(f"/api/orders/{order}/confirm", **both), 412, "version_conflict")
        both["If_None_Match"] = '"2"'
        assert api.post(f"/api/orders/{order}/confirm", **both).status_code == 200


class TestCommands:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("tags", UNREADABLE)
    def test_name_a_header_that_cannot_be_read(self, api: Api, name: str, tags: str):
        answer = api.post(f"/api/orders/{scenarios.order()}/confirm", **{name: tags})
        problem = assert_problem(answer, 400, "invalid")
        assert [error["field"] for error in problem["errors"]] == [name]

    def test_replay_the_answer_for_the_same_precondition_alone(self, api: Api):
        path = f"/api/orders/{scenarios.order()}/confirm"
        first = api.post(path, Idempotency_Key="k", If_Match='"1", "2"')
        again = api.post(path, Idempotency_Key="k", If_Match='"1", "2"')
        assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
        other = api.post(path, Idempotency_Key="k", If_Match='"1"')
        assert_problem(other, 422, "idempotency_key_reused")


class TestQueries:
    @pytest.fixture(params=["/api/orders/{}", "/api/orders", "/api/orders?cursor="])
    def path(self, api: Api, request: Any) -> str:
        order = scenarios.order()
        api.projected()
        return request.param.format(order)

    @pytest.mark.parametrize("tags", ["{}", '"x", {}', "*"])
    def test_answer_what_if_match_names(self, api: Api, path: str, tags: str):
        etag = api.get(path)["ETag"]
        answer = api.get(path, **{"If-Match": tags.format(etag)})
        assert (answer.status_code, answer["ETag"]) == (200, etag)

    def test_name_a_guard_that_cannot_be_read(self, api: Api, path: str):
        problem = assert_problem(api.get(path, **{"If-Match": "1"}), 400, "invalid")
        assert [error["field"] for error in problem["errors"]] == ["If-Match"]

    @pytest.mark.parametrize("tags", ["W/{}", '"1"', '"x"', ""])
    def test_refuse_to_answer_something_else(self, api: Api, path: str, tags: str):
        tag = {"If-Match": tags.format(api.get(path)["ETag"])}
        assert_problem(api.get(path, **tag, **{"If-None-Match": "*"}), 412, "version_conflict")


TAGS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters='"\x7f',
                  exclude_categories=["Cc"]), max_size=20)  # fmt: skip


class TestReadTags:
    @given(st.lists(st.builds(EntityTag, TAGS, st.booleans())))
    def test_reads_a_list_as_it_was_written(self, tags: list[EntityTag]):
        header = ", ".join(f'{"W/" * tag.is_weak}"{tag.text}"' for tag in tags)
        assert read_tags(header) == tuple(tags)

    @given(st.text(max_size=30) | st.text('W/"*, 1x\t', max_size=12))
    def test_gives_any_text_one_meaning_or_none(self, header: str):
        tags = read_tags(header)
        if isinstance(tags, tuple):
            written = ",".join(f'{"W/" * tag.is_weak}"{tag.text}"' for tag in tags)
            assert read_tags(written) == tags

    def test_takes_no_time_for_a_long_list(self):
        assert read_tags('"1",' * 20_000 + "x") is None
        assert read_tags("," * 80_000 + "x") is None
