"""Every wrong field is named, in plain words, and not without end."""

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from cqrs.behaviors.validation import MAX_ERRORS, MAX_FIELD
from cqrs.messaging import bus
from cqrs.messaging.messages import Message
from cqrs.messaging.results import Rejected

WRONG: list[Any] = [None, True, 1, 1.5, Decimal("1E+400"), Decimal("NaN"), "", "x", "\0", "\ud800",
                    "9" * 400, [], [1], {}, {"a": 1}, [{}], [[]], "2026-13-01", -1]  # fmt: skip
# Names of Python's and of pydantic's.
PYTHON = re.compile(r"dict|instance|tuple|<|Decimal|None|bytes|object of|timedelta|pydantic|parse")


def send(message: type[Message], payload: dict[str, Any]) -> Any:
    asks = message.__name__.startswith(("Get", "List", "Export"))
    return (bus.ask if asks else bus.send)(message, payload)  # type: ignore[operator]


@pytest.mark.django_db(databases=["default", "replica"])
@pytest.mark.parametrize("message", bus.handlers(), ids=lambda message: message.__name__)
def test_says_what_is_wrong_in_plain_words(message: type[Message]):
    given = {name: uuid4() for name in message.server_set_fields() if name.endswith("_id")}
    for value in WRONG:
        wrong = {name: value for name in message.model_fields if name not in given}
        result = send(message, {**given, **wrong, "expected_version": None, "wait_s": None,
                                "consistency_token": None, "no_field": value})  # fmt: skip
        assert isinstance(result, Rejected)
        assert result.code == "invalid"
        for error in result.errors:
            assert not PYTHON.search(error.message), error


class TestMany:
    def send(self, fields: dict[str, Any]) -> Rejected:
        [register] = [each for each in bus.handlers() if each.__name__ == "RegisterCustomer"]
        result = send(register, fields)
        assert isinstance(result, Rejected)
        return result

    @pytest.mark.parametrize("count", [1, MAX_ERRORS - 2, MAX_ERRORS - 1, 10_000])
    def test_are_listed_up_to_a_limit_that_is_named(self, count: int):
        refused = self.send({f"unknown_{number}": 1 for number in range(count)})
        total = count + 2  # name and e-mail are missing
        assert len(refused.errors) == min(total, MAX_ERRORS)
        said = f"{total} invalid field(s)"
        if total > MAX_ERRORS:
            said += ", of which the first 100 are listed"
        assert refused.message == said

    def test_do_not_repeat_a_long_name(self):
        refused = self.send({"x" * 100_000: 1})
        assert max(len(error.field) for error in refused.errors) == MAX_FIELD + 1
