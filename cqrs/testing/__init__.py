"""Contract tests that a project inherits. They need pytest, pytest-django and hypothesis."""

import pytest

pytest.register_assert_rewrite(
    "cqrs.testing.idempotency_contract", "cqrs.testing.projection_contract"
)
