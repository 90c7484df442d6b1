"""Calculate with exact money: decimals in the minor unit of their currency, never floats."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import reduce

from cqrs.messaging.currencies import MINOR_UNITS
from cqrs.messaging.results import reject

DEFAULT_CURRENCY = "USD"

# The largest order, 500 lines of a million pieces at a billion each with four decimals, has 22
# digits. The thread's own context may round earlier.
_EXACT = Context(prec=40, rounding=ROUND_HALF_UP)


def line_total(unit_price: Decimal, quantity: int, currency: str) -> Decimal:
    """Return the product, rounded half up to the currency's minor unit."""
    return _to_digits(_EXACT.multiply(unit_price, Decimal(quantity)), MINOR_UNITS[currency])


def total(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """Return the sum of amounts that are in the currency's minor unit."""
    return _to_digits(reduce(_EXACT.add, amounts, Decimal(0)), MINOR_UNITS[currency])


def plain(amount: Decimal, currency: str) -> Decimal:
    """Return the amount with the digits of the minor unit, or more if it needs them.

    `10` becomes `10.00`, `10.5000` becomes `10.50`, and `9.999` stays, because a price can be finer
    than the minor unit. This removes the zeros that a database column adds.
    """
    exponent = amount.normalize(_EXACT).as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101  finite: validation refuses the others
    return _to_digits(amount, max(-exponent, MINOR_UNITS[currency]))


def agreed_currency(wanted: str | None, given: Iterable[str | None]) -> str:
    """Return the currency of an order with currency `wanted` and lines in currencies `given`.

    A missing currency agrees with every other one. Refuses with `currency_mismatch`.
    """
    named = sorted({code for code in (wanted, *given) if code is not None})
    if len(named) > 1:
        reject("currency_mismatch", f"An order has one currency, not {', '.join(named)}")
    return named[0] if named else DEFAULT_CURRENCY


def _to_digits(amount: Decimal, digits: int) -> Decimal:
    # The sum with zero turns -0.00 into 0.00.
    return _EXACT.add(_EXACT.quantize(amount, Decimal(1).scaleb(-digits)), Decimal(0))
