"""A client of the HTTP API that says what it got."""

from dataclasses import dataclass
from typing import Any

from django.test import Client

from config.roles import ROLES
from readmodels.tasks import project
from tests.support.api import bearer


@dataclass
class Api:
    """Requests of one user: a superuser unless it is a role's name."""

    http: Client
    user: str = "admin"

    def get(self, path: str, **headers: str) -> Any:
        return self.http.get(path, headers={**self._headers(), **headers})

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("post", path, body, headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("patch", path, body, headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("put", path, body, headers)

    def projected(self) -> None:
        """Bring the read side up to what was written."""
        project()

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        call = getattr(self.http, method)
        return call(path, {} if body is None else body, "application/json",
                    headers={**self._headers(), **named})  # fmt: skip

    def _headers(self) -> dict[str, str]:
        if self.user == "admin":
            return bearer("admin")
        permissions = list(ROLES[self.user])
        return bearer(self.user, is_superuser=False, permissions=permissions)


MEMBERS = {"type", "title", "status", "detail", "instance", "code", "trace_id"}


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """See that the answer is a problem document as the contract has it, and return it."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert set(problem) - {"errors"} == MEMBERS
    assert problem["type"] == f"urn:problem:{code}"
    assert problem["instance"] == answer.wsgi_request.path
    return problem


def wrong(answer: Any) -> dict[str, str]:
    """Return the code of each wrong field of an invalid request."""
    problem = assert_problem(answer, 400, "invalid")
    for error in problem["errors"]:
        assert set(error) == {"field", "code", "message"}
    return {error["field"]: error["code"] for error in problem["errors"]}
