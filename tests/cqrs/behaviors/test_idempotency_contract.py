"""A command of this domain under the contract that the kernel ships."""

from typing import Any, ClassVar

from cqrs.messaging.messages import Command
from cqrs.testing.idempotency_contract import IdempotencyContract
from customers.commands import RegisterCustomer


class TestRegisterCustomer(IdempotencyContract):
    command: ClassVar[type[Command]] = RegisterCustomer

    def payloads(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return (
            {"name": "Ada", "email": "ada@example.com"},
            {"name": "Bo", "email": "bo@example.com"},
        )
