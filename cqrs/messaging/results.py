"""What `send` and `ask` return. A business refusal is a value, never an exception."""

from dataclasses import dataclass, field
from typing import Generic, NoReturn, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One invalid field. `field` is a dotted path such as `items.0.quantity`."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Ok(Generic[T_co]):
    """The answer of a handled message."""

    value: T_co
    replayed: bool = False
    """Whether it is the stored answer of an earlier message with the same idempotency key."""
    epoch: int | None = field(default=None, compare=False, repr=False)
    """The epoch of the log of a command's answer; None: no statement has read it."""
    is_token_lost: bool = field(default=False, repr=False)
    """Whether the query's consistency token was ignored: it is of a past that the log has lost."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal by a business rule. `code` is a stable snake_case name; nothing was written."""

    code: str
    message: str
    errors: tuple[FieldError, ...] = ()
    replayed: bool = False
    is_token_lost: bool = False


Result = Ok[T_co] | Rejected


class Refusal(Exception):
    """Carry a `Rejected` out of an aggregate's method to the bus, which returns it as a value."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(f"{rejected.code}: {rejected.message}")
        self.rejected = rejected


def reject(code: str, message: str) -> NoReturn:
    """Refuse the running command: raise a `Refusal`."""
    raise Refusal(Rejected(code, message))
