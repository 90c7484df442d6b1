"""Requests made from the OpenAPI document, sensible and not: no answer may be undocumented."""

import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from cqrs.conf import DEFAULTS
from tests.support.api import bearer
from tests.support.kernel_settings import cqrs
from tests.support.scenarios import customer, order, product

EXAMPLES = 200 if os.environ.get("FAULT_COUNTS") == "full" else 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_wsgi("/api/schema", application)
OPERATIONS = {
    operation.ok().definition.raw["operationId"]: operation.ok()
    for operation in SCHEMA.get_all_operations()
}
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


@pytest.fixture
def known() -> dict[str, str]:
    """Return an id of each kind, so that some requests find something."""
    return {
        "customers": str(customer()),
        "orders": str(order()),
        "products": str(product(on_hand=5)),
    }


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
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        if "id" in case.path_parameters and len(str(case.body)) % 2:
            case.path_parameters["id"] = known[operation.path.split("/")[2]]
        case.call_and_validate(headers=bearer("generated"), checks=CHECKS)

    ask()
