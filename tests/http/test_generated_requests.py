"""Requests made from the OpenAPI document, sensible and not, by every role.

All checks of schemathesis, on every operation: no answer may be undocumented, nothing that the
document forbids is accepted, and nothing that it allows is refused.
"""

import os
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS as REGISTRY
from schemathesis.checks import load_all_checks
from schemathesis.config._checks import (
    NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES,
    POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES,
)
from schemathesis.core.parameters import ParameterLocation

from config.roles import ROLES
from config.wsgi import application
from cqrs.conf import DEFAULTS
from cqrs.consistency.tokens import ConsistencyToken
from readmodels.tasks import project
from tests.support.api import bearer
from tests.support.kernel_settings import cqrs
from tests.support.scenarios import customer, order, product

EXAMPLES = 200 if os.environ.get("FAULT_COUNTS") == "full" else 12
load_all_checks()
CHECKS = REGISTRY.get_all()
# Whether a precondition holds depends on what is stored, as with 404 and 409.
WITH_412 = {
    "positive_data_acceptance": [*POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES, "412"],
    "negative_data_rejection": [*NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES, "412"],
}
CONFIG = schemathesis.Config.from_dict(
    {"checks": {name: {"expected-statuses": found} for name, found in WITH_412.items()}}
)
SCHEMA = schemathesis.openapi.from_wsgi("/api/schema", application, config=CONFIG)
OPERATIONS = {
    operation.ok().definition.raw["operationId"]: operation.ok()
    for operation in SCHEMA.get_all_operations()
}
CALLERS_HEADERS = {"admin": lambda: bearer("admin")} | {
    role: partial(bearer, role, is_superuser=False, permissions=list(permissions))
    for role, permissions in ROLES.items()
}
CALLERS = list(CALLERS_HEADERS)
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


@pytest.fixture
def known() -> dict[str, str]:
    """Return an id of each kind, so that some requests find something."""
    for alias in ("default", "replica"):  # to make requests takes long on a busy machine
        connections[alias].cursor().execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    found = {
        "customers": str(customer()),
        "orders": str(order()),
        "products": str(product(on_hand=5)),
    }
    project()
    return found


def opaque(case: Any, known: dict[str, str]) -> None:
    """Put in what only an answer can give, or was never given: no document says which texts."""
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid4().hex
    if "X-Consistency-Token" in case.headers:
        token = ConsistencyToken("customer", UUID(known["customers"]), 1)
        case.headers["X-Consistency-Token"] = token.encode()
    if "cursor" in case.query:
        case.query["cursor"] = ""
        case.query.pop("page", None)


@pytest.fixture(autouse=True)
def _open_connections():
    """Let requests end without closing connections, which hold the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    with cqrs(THROTTLE_RATES=dict.fromkeys(DEFAULTS.THROTTLE_RATES)):
        yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db(databases=["default", "replica"])
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("name", OPERATIONS)
def test_is_answered_as_documented(name, mode, known):
    operation = OPERATIONS[name]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), role=st.sampled_from(CALLERS))
    def ask(case, role):
        # One that cannot be made wrong in any place comes as it is, in the other mode too.
        is_positive = case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE
        if is_positive:
            opaque(case, known)
        path_fits = not case.meta.is_negative_at(ParameterLocation.PATH)
        if "id" in case.path_parameters and path_fits:
            case.path_parameters["id"] = known[operation.path.split("/")[2]]
        case.call_and_validate(headers=CALLERS_HEADERS[role](), checks=CHECKS)

    ask()
