"""What files from the field hold: times that are numbers, empty rows, old currencies, pipes."""

import os
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from django.core.management import call_command

from customers.commands import UpdateCustomer
from customers.models import Customer
from orders.models import Order
from orders.order_csv import stable_id
from tests.support.csv_files import row, write
from tests.support.importing import importing, keys, orders, ran, reasons, rejected, run
from tests.support.scenarios import accepted


@pytest.mark.django_db
class TestTimes:
    @pytest.mark.parametrize(
        "text", ["45306", "20240115120000", "202401151200", "2024", "-1", "1705320000", "2024-1-5"]
    )
    def test_are_iso_8601_or_rejected_with_the_reason(self, path: Path, text: str):
        assert run(write(path, row("1", ordered_at=text), row("2"))).counts == (1, 0, 1)
        [(_, said)] = reasons(path)
        assert said.startswith("line 2: invalid: ordered_at: Not an ISO 8601 date or time such as ")

    @pytest.mark.parametrize(
        ("text", "date"),
        [
            ("2024-01-15", "2024-01-15T00:00:00+00:00"),
            ("2024-01-15T12:00:00+01:00", "2024-01-15T11:00:00+00:00"),
            ("20240115T120000Z", "2024-01-15T12:00:00+00:00"),
        ],
    )
    def test_become_the_date_of_the_order(self, path: Path, text: str, date: str):
        run(write(path, row("1", ordered_at=text)))
        assert Order.objects.get().order_date.isoformat() == date


@pytest.mark.django_db
class TestEmptyRows:
    def test_are_skipped(self, path: Path):
        write(path, row("1"), row("2"))
        with path.open("a") as file:
            file.write(",,,,,,,,,,,,,,\n" * 3 + ",,,\n\n")
        assert run(path).counts == (2, 0, 0)


@pytest.mark.django_db
class TestWithdrawnCurrencies:
    @pytest.mark.parametrize(
        ("currency", "total"), [("HRK", "2.01"), ("DEM", "2.01"), ("ITL", "2"), ("TRL", "2")]
    )
    def test_have_their_minor_unit(self, path: Path, currency: str, total: str):
        write(path, row("1", currency=currency, quantity="1", unit_price="2.005"))
        assert run(path).counts == (1, 0, 0)
        state = Order.objects.get().state()
        assert (state.currency, str(state.total_amount)) == (currency, total)
        assert run(path).counts == (0, 1, 0)

    def test_are_those_of_the_list_alone(self, path: Path):
        assert run(write(path, row("1", currency="XXX"))).counts == (0, 0, 1)


@pytest.mark.django_db
class TestKnownCustomers:
    def test_are_named_in_the_summary_when_they_are_called_otherwise(self, path: Path):
        run(write(path, row("1")))
        write(path, row("2", customer_name="Ada L."), row("3", customer_email="Z@example.com"))
        done = run(path)
        assert (done.code, done.counts) == (0, (2, 0, 0))
        assert done.lines == [
            "1 customers have another name or e-mail address than in the file, and were not"
            f" changed: {stable_id('customer', 'c-1')}"
        ]
        assert Customer.objects.get().name == "Ada"

    def test_are_not_named_for_another_spelling_or_for_nothing(self, path: Path):
        run(write(path, row("1", customer_name="Zo\u00eb", customer_email="u@ex\u00e4mple.com")))
        write(
            path,
            row("2", customer_name="Zoe\u0308", customer_email="U@xn--exmple-cua.com"),
            row("3", customer_name="", customer_email=""),
        )
        assert run(path).lines == []

    def test_are_many_and_not_all_named(self, path: Path):
        rows = [
            row(n, customer_id=n, customer_email=f"{n}@example.com") for n in map(str, range(12))
        ]
        run(write(path, *rows))
        for customer in Customer.objects.all():
            accepted(UpdateCustomer, customer_id=customer.pk, name="Bea")
        [line] = run(path).lines
        assert line.startswith("12 customers have another name")
        assert line.endswith(", …")
        assert line.count(",") == 11


@pytest.mark.django_db
class TestPipes:
    def test_are_read_once(self, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.chdir(tmp_path)
        content = write(path, row("1"), row("2", quantity="two")).read_bytes()
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writer = Thread(target=pipe.write_bytes, args=[content])
        writer.start()
        assert run(pipe).counts == (1, 0, 1)
        writer.join()
        assert orders() == keys("1")
        assert "line 3: invalid" in (tmp_path / "import_orders.rejected.csv").read_text()

    def test_can_have_a_file_for_what_is_rejected(self, path: Path, tmp_path: Path):
        target = tmp_path / "mine.csv"
        write(path, row("1", quantity="two"))
        with pytest.raises(SystemExit):
            call_command("import_orders", str(path), rejected=target, stdout=StringIO())
        assert "line 2: invalid" in target.read_text()
        assert not rejected(path).exists()


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
class TestTheBar:
    def test_has_no_log_lines_through_it(self, path: Path):
        write(path, *[row(str(number)) for number in range(20)])
        process = importing(path, LOG_LEVEL="INFO", LOG_LEVELS="cqrs.bus=DEBUG,cqrs=DEBUG")
        stdout, stderr = process.communicate(timeout=60)
        assert ran(process.returncode, stdout).counts == (20, 0, 0)
        assert "{" not in stderr
