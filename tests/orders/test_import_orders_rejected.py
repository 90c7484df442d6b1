"""`import_orders` rejects an order with what is wrong with it, and imports the others."""

from pathlib import Path

import pytest

from orders.models import Order
from tests.support.csv_files import row, rows_of, write
from tests.support.importing import Run, keys, orders, reasons, rejected, run


@pytest.mark.django_db
class TestRejected:
    def test_rejects_an_order_with_a_bad_row_whole_and_imports_the_others(self, path: Path):
        write(path, row("1"), row("2"), row("2", quantity="0"), row("3"))
        assert run(path) == Run(
            1, (2, 0, 1), [f"Rejected rows with their reasons: {rejected(path)}"]
        )
        assert orders() == keys("1", "3")
        reason = "invalid: items.1.quantity: Input should be greater than or equal to 1"
        assert reasons(path) == [("2", f"line 3: {reason}"), ("2", f"line 4: {reason}")]
        assert [one["quantity"] for one in rows_of(rejected(path))] == ["2", "0"]

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"ordered_at": "yesterday"}, "invalid: ordered_at: "),
            ({"ordered_at": "0001-01-01T00:00:00+14:00"}, "invalid: ordered_at: "),
            ({"ordered_at": ""}, "invalid: ordered_at is empty"),
            ({"customer_email": "nobody"}, "invalid: customer_email: "),
            ({"customer_name": "x" * 201}, "invalid: customer_name: "),
            ({"unit_price": "1,50"}, "invalid: items.0.unit_price: "),
            ({"unit_price": "1e3"}, "invalid: items.0.unit_price: "),
            ({"unit_price": "1.00000"}, "invalid: items.0.unit_price: "),
            ({"unit_price": "-0"}, "invalid: items.0.unit_price: "),
            ({"quantity": "2.5"}, "invalid: items.0.quantity: "),
            ({"currency": "XXY"}, "invalid: items.0.currency: "),
            ({"product_id": ""}, "invalid: product_id is empty"),
            ({"order_id": ""}, "invalid: order_id is empty"),
        ],
    )
    def test_says_what_is_wrong_in_terms_of_the_columns(
        self, path: Path, changes: dict[str, str], reason: str
    ):
        write(path, row("1"), row("2") | changes, row("3"))
        assert run(path).counts == (2, 0, 1)
        assert orders() == keys("1", "3")
        [(_, said)] = reasons(path)
        assert said.startswith(f"line 3: {reason}")

    def test_does_not_reject_a_customers_good_orders_for_a_bad_one(self, path: Path):
        """The first order of a customer also registers the customer."""
        write(
            path,
            row("1", ordered_at="yesterday"),
            row("2", customer_email="nobody"),
            row("3"),
        )
        assert run(path).counts == (1, 0, 2)
        assert orders() == keys("3")

    def test_rejects_rows_of_another_width(self, path: Path):
        write(path, row("1"))
        with path.open("a") as file:
            file.write("2,2026-01-31\n")
        assert run(path).counts == (1, 0, 1)
        [(order_id, said)] = reasons(path)
        assert order_id == "2"
        assert said == "line 3: invalid: line 3: 2 cells under 15 columns"

    def test_rejects_an_order_whose_lines_are_torn_apart(self, path: Path):
        write(path, row("1"), row("2"), row("1", product_id="p-2"))
        assert run(path).counts == (1, 0, 2)
        assert orders() == keys("2")
        assert [order_id for order_id, _ in reasons(path)] == ["1", "1"]
        assert all(": duplicate_order_id: " in said for _, said in reasons(path))

    def test_rejects_an_order_that_is_known_with_other_content(self, path: Path):
        run(write(path, row("1")))
        assert run(write(path, row("1", quantity="3"))).counts == (0, 0, 1)
        [(_, said)] = reasons(path)
        assert said.startswith("line 2: duplicate_order_id: ")

    def test_rejects_an_email_that_another_customer_has(self, path: Path):
        write(path, row("1"), row("2", customer_id="c-2", customer_email="ADA@example.com"))
        assert run(path).counts == (1, 0, 1)
        assert reasons(path)[0][1].startswith("line 3: email_taken: ")

    def test_rejects_mixed_currencies(self, path: Path):
        write(path, row("1"), row("1", currency="USD"))
        assert run(path).counts == (0, 0, 1)
        assert reasons(path)[0][1].startswith("line 2: currency_mismatch: ")


FIELD = (
    "order_id,ordered_at,customer_id,customer_name,customer_email,product_id,product_name,"
    "quantity,unit_price,currency"
)
SURPLUS = "surplus-1,2024-01-15,c-1,Ada,ada@example.com,p-1,Desk, large,1,1.00,EUR"
MISSING = "missing-1,2024-01-15,c-1,Ada,ada@example.com,p-2,Lamp,2,3.00"
QUOTED = 'inch-1,2024-01-15,c-1,Ada,ada@example.com,p-1,"27" Monitor",1,199.00,EUR'
TOO_LONG = f"long-1,2024-01-15,c-1,{'x' * 131_073},ada@example.com,p-1,Desk,1,1.00,EUR"
GOOD = "good-1,2024-01-15,c-1,Ada,ada@example.com,p-3,Chair,1,49.90,EUR"


@pytest.mark.django_db
class TestRowsAsTheyStood:
    def test_are_rejected_again_until_they_are_mended(self, path: Path):
        broken = [SURPLUS, MISSING, QUOTED, TOO_LONG]
        path.write_text("\n".join((FIELD, *broken, GOOD)))
        assert run(path).counts == (1, 0, 4)
        assert orders() == keys("good-1")

        first = rejected(path).read_text().splitlines()
        assert first[0] == f"reason,{FIELD}"
        assert [line.endswith(f'",{row}') for line, row in zip(first[1:], broken, strict=True)]
        assert run(rejected(path)).counts == (0, 0, 4)
        again = rejected(rejected(path)).read_text().splitlines()
        assert again == first
        assert orders() == keys("good-1")

    def test_name_their_lines(self, path: Path):
        path.write_text("\n".join((FIELD, GOOD, QUOTED, QUOTED.replace('"', ""))))
        run(path)
        said = [line.split(",", 2)[0] for line in rejected(path).read_text().splitlines()]
        reason = "invalid: line 3: not CSV: '"
        assert said[1:] == [f'"line 3: {reason}', f'"line 4: {reason}']

    def test_are_imported_when_mended(self, path: Path):
        path.write_text("\n".join((FIELD, SURPLUS)))
        run(path)
        mended = rejected(path)
        mended.write_text(mended.read_text().replace("Desk, large", '"Desk, large"'))
        assert run(mended).counts == (1, 0, 0)
        [line] = Order.objects.get().items
        assert (line.product_name, line.currency) == ("Desk, large", "EUR")

    def test_are_taken_from_a_file_whose_reason_stands_elsewhere(self, path: Path):
        path.write_text(f"{FIELD},reason\n{GOOD},old\n{MISSING},old\n")
        assert run(path).counts == (1, 0, 1)
        assert run(rejected(path)).counts == (0, 0, 1)
