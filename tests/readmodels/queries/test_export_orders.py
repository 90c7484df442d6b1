"""The export holds the orders of the list, as rows that a spreadsheet can be given."""

import orjson
import pytest
from django.core.exceptions import PermissionDenied

from cqrs.messaging import bus
from cqrs.messaging.context import Context, use_context
from readmodels.models import OrderEventReadModel, OrderReadModel
from readmodels.queries import ExportOrders, ListOrders
from readmodels.queries.order_rows import HEADER
from tests.readmodels.queries.asking import exported, ids, wrong
from tests.support.log import ELM, Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

ONE_LINE = "12 Elm Street, Springfield, IL 62701, US"


class TestRows:
    def test_say_what_the_order_and_its_line_say(self, log: Log) -> None:
        order = log.order(
            log.customer("Ünal, Ada", "ada@example.com"),
            product_name='Lamp "big"\nred',
            special_instructions="=HYPERLINK(1)",
        )
        log.ship(order)
        log.projected()
        document = orjson.loads(bus.ask(ListOrders, {}).value.documents[0])
        (row,) = exported()
        assert tuple(row) == HEADER
        line = document["items"][0]
        assert row == {
            **{name: str(document[name]) for name in HEADER if name in document},
            **{name: str(line[name]) for name in HEADER if name in line},
            "order_id": str(order),
            "ordered_at": document["order_date"],
            "special_instructions": "'=HYPERLINK(1)",
            **ELM.model_dump(),
        }

    def test_have_no_parts_of_an_address_that_the_history_does_not_know(self, log: Log) -> None:
        log.order(log.customer("Ada"))
        log.projected()
        OrderEventReadModel.objects.all().delete()
        (row,) = exported()
        assert (row["shipping_address"], row["street"]) == (ONE_LINE, "")

    def test_have_the_address_that_another_program_wrote_last(self, log: Log) -> None:
        order = log.order(log.customer("Ada"), special_instructions='"shipping_address":{')
        log.alter(order, shipping_address=ELM.model_copy(update={"street": "1 Oak"}))
        log.cancel(order)
        inserted = log._new_key()
        log.change_outside(inserted, log.snapshots[order])
        log.order(log.customer("Bo"))
        log.projected()
        streets = [row["street"] for row in exported() if row["customer_name"] == "Ada"]
        assert streets == ["1 Oak", "1 Oak"]

    def test_have_the_address_while_the_history_alone_knows_of_the_deletion(self, log: Log) -> None:
        order = log.order(log.customer("Ada"))
        log.projected()
        row = OrderReadModel.objects.get()
        log.change_outside(order, None)
        log.projected()
        row.save(force_insert=True)
        assert [each["street"] for each in exported()] == ["12 Elm Street"]


class TestSelection:
    def test_is_that_of_the_list_in_its_order(self, log: Log) -> None:
        ada, bo = log.customer("Ada"), log.customer("Bo")
        for number in range(6):
            order = log.order((ada, bo)[number % 2], total=f"{number}.00")
            if number % 3 == 0:
                log.confirm(order)
        log.projected()
        for payload in (
            {},
            {"status": ["pending"]},
            {"status": ["pending", "confirmed"], "ordering": "total_amount"},
            {"customer_id": str(ada), "min_total": "1"},
            {"search": "bo", "ordering": "-customer_name"},
            {"from_date": "2030-01-01"},
        ):
            rows = [row["order_id"] for row in exported(**payload)]
            assert rows == ids(ListOrders, page_size=100, **payload)

    def test_takes_no_paging(self) -> None:
        assert wrong(ExportOrders, page="1", page_size="5", cursor="", status="lost") == {
            "status": "unknown_status",
            "page": "extra_forbidden",
            "page_size": "extra_forbidden",
            "cursor": "extra_forbidden",
        }

    def test_needs_the_permission_of_the_list(self) -> None:
        assert ExportOrders.permission == ListOrders.permission
        may = Context(permissions=frozenset({"readmodels.view_customers"}))
        with use_context(may), pytest.raises(PermissionDenied, match="view_orders"):
            bus.ask(ExportOrders, {})
