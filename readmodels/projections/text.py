"""Format the values of events for documents and columns."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal

# An order's total can have 22 digits, and sums have more. The thread's own context rounds at 28.
_EXACT = Context(prec=60)

LENGTH = len("2026-01-31T10:00:00.000000Z")


def utc_text(moment: str | datetime) -> str:
    """Return a time in RFC 3339, in UTC and always with microseconds.

    Such texts sort as the times do.
    """
    if isinstance(moment, str):
        if len(moment) == LENGTH and moment[-1] == "Z":
            return moment
        moment = datetime.fromisoformat(moment)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def one_line(address: Mapping[str, str]) -> str:
    return "{street}, {city}, {state} {postal_code}, {country}".format(**address)


def search_text(*parts: str) -> str:
    """Return the text that searches match. Parts are lines, so that no match spans two of them."""
    return "\n".join(parts).casefold()


def added(total: str, amount: str, times: int = 1) -> str:
    """Return the exact sum as a decimal text, with the digits of the operand that has more."""
    return f"{_EXACT.fma(Decimal(amount), times, Decimal(total)):f}"
