"""How projections write what events say."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal

# An order's total can have 22 digits. An own context, because the thread's one rounds at 28.
_EXACT = Context(prec=60)

LENGTH = len("2026-01-31T10:00:00.000000Z")


def utc_text(moment: str | datetime) -> str:
    """Return a time as the documents hold it: RFC 3339 in UTC, always with microseconds.

    Such texts sort as the times do.
    """
    if isinstance(moment, str):
        if len(moment) == LENGTH and moment[-1] == "Z":
            return moment
        moment = datetime.fromisoformat(moment)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def one_line(address: Mapping[str, str]) -> str:
    return "{street}, {city}, {state} {postal_code}, {country}".format(**address)


def search_text(name: str, email: str, key: str) -> str:
    """Return what a search looks into. No word of a search can span two lines."""
    return f"{name}\n{email}\n{key}".casefold()


def added(total: str, amount: Decimal) -> str:
    """Return the exact sum as a decimal text, with the digits of whichever has more of them."""
    return f"{_EXACT.add(Decimal(total), amount):f}"
