"""What `send` and `ask` return: business refusals travel as values, never as exceptions."""

from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field. `field` is a dotted path such as `items.0.quantity`."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Ok(Generic[T_co]):
    """The message was handled and this is its answer."""

    value: T_co
    replayed: bool = False
    """Whether this is the stored answer to an earlier message with the same idempotency key."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A rule said no. `code` is a stable snake_case name; nothing was written."""

    code: str
    message: str
    errors: tuple[FieldError, ...] = ()
    replayed: bool = False


Result = Ok[T_co] | Rejected


class Refusal(Exception):
    """Carry a `Rejected` out of an aggregate's method to the bus, which returns it as a value."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(f"{rejected.code}: {rejected.message}")
        self.rejected = rejected


def reject(code: str, message: str) -> NoReturn:
    """Refuse the running command."""
    raise Refusal(Rejected(code, message))
