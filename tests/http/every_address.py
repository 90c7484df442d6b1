"""Every operation of the API, from its own URL tables: a new address joins the tests by itself."""

from collections.abc import Iterator
from dataclasses import dataclass

from drf_spectacular.generators import SchemaGenerator

from cqrs.messaging import bus
from cqrs.messaging.messages import Command, Message
from tests.http.addresses import MISSING

METHODS = {"get", "post", "put", "patch", "delete"}
# A new address without a token has to be added here on purpose.
WITHOUT_TOKEN = {"/api/auth/token", "/api/auth/refresh"}


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    message: type[Message]

    def __str__(self) -> str:
        return f"{self.method} {self.path}".replace(MISSING, "ID")

    @property
    def is_command(self) -> bool:
        return issubclass(self.message, Command)


def operations() -> list[Operation]:
    """Return every operation that needs a token."""
    return list(_operations())


def _operations() -> Iterator[Operation]:
    messages = {message.__name__: message for message in bus.handlers()}
    paths = SchemaGenerator().get_schema(public=True)["paths"]
    for path, methods in paths.items():
        if path in WITHOUT_TOKEN:
            continue
        for method, described in methods.items():
            if method in METHODS:
                # Of two messages at one address, the first names the operation.
                message = messages[described["operationId"]]
                yield Operation(method, path.replace("{id}", MISSING), message)
