"""Money is exact, for every amount that an order can hold."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrs.messaging.currencies import CURRENT, MINOR_UNITS
from cqrs.messaging.results import Refusal
from orders.money import agreed_currency, line_total, plain, total

prices = st.decimals(0, 1_000_000_000, places=4)
quantities = st.integers(1, 1_000_000)
currencies = st.sampled_from(sorted(MINOR_UNITS))


class TestMinorUnits:
    @pytest.mark.parametrize(
        ("digits", "codes"),
        [
            (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
            (3, "BHD IQD JOD KWD LYD OMR TND"),
            (4, "CLF UYW"),
        ],
    )
    def test_lists_the_currencies_without_two_digits(self, digits, codes):
        assert sorted(code for code, d in CURRENT.items() if d == digits) == codes.split()

    def test_gives_two_digits_to_the_rest(self):
        assert set(CURRENT.values()) == {0, 2, 3, 4}
        assert {MINOR_UNITS[code] for code in ("USD", "EUR", "GBP", "CHF", "INR", "ZAR")} == {2}

    @pytest.mark.parametrize("code", ["XAU", "XAG", "XDR", "XTS", "XXX", "usd", ""])
    def test_leaves_out_metals_test_codes_and_what_is_no_code(self, code):
        assert code not in MINOR_UNITS

    def test_has_withdrawn_codes_for_old_amounts_alone(self):
        assert {MINOR_UNITS[code] for code in ("DEM", "HRK")} == {2}
        assert not {"DEM", "HRK", "ITL"} & CURRENT.keys()


class TestLineTotal:
    @pytest.mark.parametrize(
        ("price", "quantity", "currency", "expected"),
        [
            ("10.00", 2, "USD", "20.00"),
            ("0.005", 1, "USD", "0.01"),
            ("0.0049", 1, "USD", "0.00"),
            ("0.015", 1, "USD", "0.02"),
            ("0.025", 1, "USD", "0.03"),
            ("9.999", 3, "USD", "30.00"),
            ("10.5", 1, "JPY", "11"),
            ("10.4999", 1, "JPY", "10"),
            ("1.0005", 1, "KWD", "1.001"),
            ("1.0005", 1, "CLF", "1.0005"),
            ("1000000000", 1_000_000, "USD", "1000000000000000.00"),
        ],
    )
    def test_rounds_half_up_to_the_minor_unit(self, price, quantity, currency, expected):
        assert str(line_total(Decimal(price), quantity, currency)) == expected

    @given(prices, quantities, currencies)
    def test_is_the_integer_arithmetic_of_the_smallest_parts(self, price, quantity, currency):
        digits = MINOR_UNITS[currency]
        parts = int(price * 10_000) * quantity  # ten-thousandths
        unit = 10 ** (4 - digits)
        expected = (2 * parts + unit) // (2 * unit)
        result = line_total(price, quantity, currency)
        assert int(result.scaleb(digits)) == expected
        assert -result.as_tuple().exponent == digits

    @given(prices, quantities, currencies)
    def test_does_not_depend_on_the_threads_decimal_context(self, price, quantity, currency):
        expected = line_total(price, quantity, currency)
        with localcontext() as context:
            context.prec = 3
            assert str(line_total(price, quantity, currency)) == str(expected)


class TestTotal:
    @given(st.lists(st.tuples(prices, quantities), min_size=1, max_size=500), currencies)
    def test_is_the_exact_sum_of_the_lines(self, lines, currency):
        digits = MINOR_UNITS[currency]
        totals = [line_total(price, quantity, currency) for price, quantity in lines]
        expected = sum(int(amount.scaleb(digits)) for amount in totals)
        assert int(total(totals, currency).scaleb(digits)) == expected

    def test_of_the_largest_order_is_exact(self):
        one = line_total(Decimal("999999999.9999"), 1_000_000, "CLF")
        assert str(total([one] * 500, "CLF")) == "499999999999950000.0000"


class TestPlain:
    @pytest.mark.parametrize(
        ("amount", "currency", "expected"),
        [
            ("10", "USD", "10.00"),
            ("9.999", "USD", "9.999"),
            ("10.5000", "USD", "10.50"),
            ("1E+3", "USD", "1000.00"),
            ("1E+3", "JPY", "1000"),
            ("0", "JPY", "0"),
            ("-0", "USD", "0.00"),
            ("-0.000", "USD", "0.00"),
            ("10.5000", "JPY", "10.5"),
            ("1", "KWD", "1.000"),
        ],
    )
    def test_has_the_digits_of_the_minor_unit_and_more_only_where_needed(
        self, amount, currency, expected
    ):
        assert str(plain(Decimal(amount), currency)) == expected

    @given(prices, currencies)
    def test_keeps_the_value_and_is_done_once(self, price, currency):
        once = plain(price, currency)
        assert once == price
        assert str(plain(once, currency)) == str(once)
        assert str(plain(once.quantize(Decimal("0.0001")), currency)) == str(once)


class TestAgreedCurrency:
    @pytest.mark.parametrize(
        ("wanted", "given", "expected"),
        [
            (None, [None, None], "USD"),
            ("EUR", [None], "EUR"),
            (None, ["EUR", None], "EUR"),
            ("EUR", ["EUR", None], "EUR"),
        ],
    )
    def test_is_what_one_says_and_none_denies(self, wanted, given, expected):
        assert agreed_currency(wanted, given) == expected

    @pytest.mark.parametrize(("wanted", "given"), [("EUR", ["USD"]), (None, ["USD", "EUR"])])
    def test_refuses_mixed_currencies(self, wanted, given):
        with pytest.raises(Refusal) as refusal:
            agreed_currency(wanted, given)
        assert refusal.value.rejected.code == "currency_mismatch"
        assert "EUR, USD" in refusal.value.rejected.message
