"""The types of commands' arguments, in the grammar of all texts from outside."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TypeVar

from cqrs.messaging.grammar import decimal_number, whole_number

Number = TypeVar("Number")


def whole(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """Return the type of a whole number within bounds.

    >>> whole(1, 256)("10")
    10
    """

    def read(text: str) -> int:
        found = _read(whole_number, text)
        if found < lowest or (highest is not None and found > highest):
            bounds = f"{lowest} or more" if highest is None else f"from {lowest} to {highest}"
            raise ArgumentTypeError(f"{text} is not {bounds}")
        return found

    return read


def seconds(text: str) -> float:
    """Read a number of seconds such as `2.5`, 0 or more."""
    found = float(_read(decimal_number, text))
    if found < 0:
        raise ArgumentTypeError(f"{text} is not 0 or more")
    return found


def _read(read: Callable[[str], Number], text: str) -> Number:
    try:
        return read(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{error}: {text!r}") from None
