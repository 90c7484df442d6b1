"""`import_orders`: a file is imported once, whatever is in it."""

import json
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from cqrs.models import EventRecord
from customers.models import Customer
from orders.models import Order
from orders.order_csv import stable_id
from tests.support.csv_files import COLUMNS, row, write
from tests.support.importing import Run, keys, orders, reasons, rejected, run
from tests.support.scenarios import write_side


@pytest.mark.django_db
class TestImport:
    def test_imports_orders_with_their_lines_dates_and_customers(self, path: Path):
        write(path, row("1"), row("1", product_id="p-2", unit_price="0.005"), row("2"))
        assert run(path) == Run(0, (2, 0, 0), [])

        order = Order.objects.get(pk=stable_id("order", "1"))
        assert order.order_date.isoformat() == "2026-01-31T12:30:00+00:00"
        assert order.customer_id == stable_id("customer", "c-1")
        assert (str(order.total_amount), order.currency) == ("21.0100", "EUR")
        assert [str(line.line_total) for line in order.items] == ["21.00", "0.01"]
        customer = Customer.objects.get()
        assert (customer.name, customer.email) == ("Ada", "ada@example.com")
        assert {event.metadata["origin"] for event in EventRecord.objects.all()} == {"import"}
        assert not rejected(path).exists()

    def test_imports_nothing_twice(self, path: Path):
        write(path, row("1"), row("2", customer_id="c-2", customer_email="b@example.com"))
        run(path)
        before = write_side()
        assert run(path) == Run(0, (0, 2, 0), [])
        assert write_side() == before

    def test_keeps_ids_that_are_uuids(self, path: Path):
        order, customer = (
            "018f0000-0000-7000-8000-00000000000a",
            "018f0000-0000-7000-8000-00000000000b",
        )
        write(path, row(order, customer_id=customer))
        run(path)
        assert orders() == {UUID(order)}
        assert Order.objects.get().customer_id == UUID(customer)

    def test_stores_placeholders_for_what_is_missing(self, path: Path):
        required = ("order_id", "ordered_at", "customer_id", "product_id", "quantity", "unit_price")
        write(path, row("1"), columns=required)
        assert run(path).counts == (1, 0, 0)
        customer, order = Customer.objects.get(), Order.objects.get()
        assert (customer.name, customer.email) == ("Customer c-1", f"{customer.pk}@import.invalid")
        assert order.shipping_address.city == "unknown"
        assert (order.items[0].product_name, order.currency) == ("Product p-1", "USD")

    def test_imports_a_file_without_orders(self, path: Path):
        assert run(write(path)) == Run(0, (0, 0, 0), [])

    def test_says_so_as_json(self, path: Path):
        write(path, row("1"), row("2", quantity="two"))
        stdout = StringIO()
        with pytest.raises(SystemExit):
            call_command("import_orders", str(path), "--json", stdout=stdout)
        found = json.loads(stdout.getvalue())
        assert found.pop("seconds") >= 0
        assert found == {
            "imported": 1,
            "known": 0,
            "rejected": 1,
            "rejected_file": str(rejected(path)),
            "customers_known_otherwise": [],
            "interrupted": False,
        }


@pytest.mark.django_db
class TestUnreadable:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (None, "No such file"),
            (b"", "wrong header: missing columns"),
            (b"order_id,colour\n1,red\n", "wrong header: missing columns: ordered_at"),
            (",".join(COLUMNS).encode() + b"\n\xff", "not UTF-8 text"),
            (",".join(COLUMNS).encode() + b',"open\n', "wrong header: not CSV"),
        ],
    )
    def test_stops_with_one_clear_line_before_anything_is_imported(
        self, path: Path, content: bytes | None, reason: str
    ):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(CommandError) as caught:
            call_command("import_orders", str(path))
        assert str(caught.value).startswith(f"{path}: {reason}")
        assert "\n" not in str(caught.value)
        assert not orders()

    def test_imports_nothing_when_only_the_last_line_is_broken(self, path: Path):
        write(path, row("1"), row("2"))
        with path.open("ab") as file:
            file.write(b"caf\xe9")
        with pytest.raises(CommandError):
            call_command("import_orders", str(path))
        assert not orders()


@pytest.mark.django_db
class TestMended:
    def test_can_be_imported_from_the_rejected_file(self, path: Path):
        write(path, row("1"), row("2", quantity="two"))
        run(path)
        mended = rejected(path)
        mended.write_text(mended.read_text().replace(",two,", ",2,"))
        assert run(mended) == Run(0, (1, 0, 0), [])
        assert orders() == keys("1", "2")

    def test_leaves_no_rejected_file_of_an_earlier_run(self, path: Path):
        run(write(path, row("1", quantity="0")))
        assert rejected(path).exists()
        run(write(path, row("1")))
        assert not rejected(path).exists()

    def test_writes_another_file_when_the_rejected_one_is_rejected(self, path: Path):
        run(write(path, row("1", quantity="0")))
        again = run(rejected(path))
        assert again.counts == (0, 0, 1)
        [first], [second] = reasons(path), reasons(rejected(path))
        assert first == second, "one reason, not a growing list of them"
