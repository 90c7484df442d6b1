"""`import_orders` goes on where it was, whenever it is interrupted."""

import signal
from pathlib import Path

import pytest

from cqrs.models import EventRecord
from orders.models import Order
from tests.support.csv_files import row, write
from tests.support.desk import wait_for
from tests.support.importing import Run, importing, ran, run


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
class TestInterrupted:
    COUNT = 600  # enough to be in the middle when the signal comes, also on a busy machine

    def test_goes_on_where_it_was(self, path: Path):
        write(path, *[row(str(number)) for number in range(self.COUNT)])
        process = importing(path)
        wait_for(lambda: Order.objects.count() > 20, 30)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
        first = ran(process.returncode, stdout)
        assert first.code == 130, stderr
        assert first.lines == ["Interrupted. Run it again to go on."]
        assert "Traceback" not in stderr
        there = Order.objects.count()
        assert first.counts[0] <= there < self.COUNT

        process = importing(path)
        second = ran(process.wait(60), process.communicate()[0])
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
        assert EventRecord.objects.filter(type="orders.order_created").count() == self.COUNT

    def test_ends_with_2_lines_at_most_when_the_file_is_unreadable(self, path: Path):
        process = importing(path)
        stdout, stderr = process.communicate(timeout=30)
        assert (process.returncode, stdout) == (1, "")
        assert stderr == f"CommandError: {path}: No such file or directory\n"
