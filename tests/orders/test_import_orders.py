"""`import_orders`: a file is imported once, whatever is in it and whenever it is interrupted."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from cqrs.models import Event
from customers.models import Customer
from orders.models import Order
from orders.order_csv import stable_id
from tests.desk import REPOSITORY, wait_for
from tests.orders.csv_files import COLUMNS, row, rows_of, write
from tests.scenarios import write_side

SUMMARY = re.compile(
    r"(\d+) orders imported, (\d+) known already, (\d+) rejected,"
    r" in \d+\.\d s \(\d+ orders/s\)"
)


@dataclass
class Run:
    """What one import said: exit code, counts of imported, known and rejected, and its lines."""

    code: int
    counts: tuple[int, ...]
    lines: list[str]


def run(path: Path) -> Run:
    stdout, code = StringIO(), 0
    try:
        call_command("import_orders", str(path), stdout=stdout)
    except SystemExit as ended:
        code = int(str(ended.code))
    return _run(code, stdout.getvalue())


def _run(code: int, stdout: str) -> Run:
    lines = stdout.splitlines()
    summary = SUMMARY.fullmatch(lines[0])
    assert summary, stdout
    return Run(code, tuple(map(int, summary.groups())), lines[1:])


def rejected(path: Path) -> Path:
    return path.with_name(f"{path.name}.rejected.csv")


def reasons(path: Path) -> list[tuple[str, str]]:
    return [(one["order_id"], one["reason"]) for one in rows_of(rejected(path))]


def orders() -> set[UUID]:
    return set(Order.objects.values_list("pk", flat=True))


def keys(*texts: str) -> set[UUID]:
    return {stable_id("order", text) for text in texts}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


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
        assert {event.metadata["origin"] for event in Event.objects.all()} == {"import"}
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


@pytest.mark.django_db
class TestUnreadable:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (None, "No such file"),
            (b"", "wrong header: missing columns"),
            (b"order_id,colour\n1,red\n", "wrong header: missing columns: ordered_at"),
            (",".join(COLUMNS).encode() + b"\n\xff", "not UTF-8 text"),
            (",".join(COLUMNS).encode() + b'\n"open', "not CSV"),
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
class TestRejected:
    def test_rejects_an_order_with_a_bad_row_whole_and_imports_the_others(self, path: Path):
        write(path, row("1"), row("2"), row("2", quantity="0"), row("3"))
        assert run(path) == Run(
            1, (2, 0, 1), [f"Rejected rows with their reasons: {rejected(path)}"]
        )
        assert orders() == keys("1", "3")
        reason = "line 3: invalid: items.1.quantity: Input should be greater than or equal to 1"
        assert reasons(path) == [("2", reason)] * 2
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
        assert "row 1 has another number of columns than the header" in said

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


def importing(path: Path) -> subprocess.Popen[str]:
    """Begin the real command over the test's databases."""
    urls = {
        name: "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(
            **connections[alias].settings_dict
        )
        for name, alias in (("DATABASE_URL", "default"), ("REPLICA_DATABASE_URL", "replica"))
    }
    return subprocess.Popen(
        [sys.executable, str(REPOSITORY / "manage.py"), "import_orders", str(path)],
        env={**os.environ, **urls, "LOG_LEVEL": "WARNING"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=default_interrupts,
    )


def default_interrupts() -> None:
    """Let Ctrl-C interrupt, also where the tests were started by something that ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
class TestInterrupted:
    COUNT = 600  # enough to be in the middle when the signal comes, also on a busy machine

    def test_goes_on_where_it_was(self, path: Path):
        write(path, *[row(str(number)) for number in range(self.COUNT)])
        process = importing(path)
        wait_for(lambda: Order.objects.count() > 20, 30)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
        first = _run(process.returncode, stdout)
        assert first.code == 130, stderr
        assert first.lines == ["Interrupted. Run it again to go on."]
        assert "Traceback" not in stderr
        there = Order.objects.count()
        assert first.counts[0] <= there < self.COUNT

        process = importing(path)
        second = _run(process.wait(60), process.communicate()[0])
        assert second == Run(0, (self.COUNT - there, there, 0), [])
        assert Order.objects.count() == self.COUNT

    def test_goes_on_after_a_kill(self, path: Path):
        write(path, *[row(str(number)) for number in range(self.COUNT)])
        process = importing(path)
        wait_for(lambda: Order.objects.count() > 20, 30)
        process.kill()
        process.communicate()
        there = Order.objects.count()
        assert there < self.COUNT

        assert run(path).counts == (self.COUNT - there, there, 0)
        assert Event.objects.filter(type="orders.order_created").count() == self.COUNT

    def test_ends_with_2_lines_at_most_when_the_file_is_unreadable(self, path: Path):
        process = importing(path)
        stdout, stderr = process.communicate(timeout=30)
        assert (process.returncode, stdout) == (1, "")
        assert stderr == f"CommandError: {path}: No such file or directory\n"
