"""An export is a file that `import_orders` takes: here nothing is new, elsewhere all is."""

from pathlib import Path
from uuid import UUID

import pytest

from cqrs.messaging import bus
from cqrs.models import EventRecord, Pending
from customers.models import Customer, CustomerProfile
from orders.commands import CreateOrder
from orders.models import Order, OrderLine, OrderState
from readmodels.queries import ExportOrders
from readmodels.tasks import project
from tests.support.importing import Run, run
from tests.support.scenarios import accepted, content, customer, line

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
ADDRESS = {
    "street": "=12, Elm\nBack door;-x", "city": "Zu\u0308rich", "state": "'+1",
    "postal_code": "SW1A 1AA", "country": "Korea, Republic of",
}  # fmt: skip


@pytest.fixture
def orders() -> dict[UUID, OrderState]:
    """Place orders with texts that a CSV file has to keep."""
    ada = customer(name="=Ada; -Example", email="+ada@example.com")
    bodies = [
        content(ada, line(product_name='"27""; =Monitor'), line(quantity=3, unit_price="0.005")),
        content(ada, line(currency="JPY", unit_price="5"), special_instructions="- a\r\n- b;=c"),
        content(customer(), line(currency="KWD"), special_instructions="''=x"),
    ]
    for body in bodies:
        accepted(CreateOrder, **{**body, "shipping_address": ADDRESS})
    project()
    return {order.pk: order.state() for order in Order.objects.all()}


@pytest.fixture
def file(orders: dict[UUID, OrderState], tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    with bus.ask(ExportOrders, {}).value as exported:
        path.write_bytes(exported.read())
    return path


class TestAnExport:
    def test_has_nothing_new_for_the_desk_that_made_it(self, file: Path) -> None:
        assert run(file) == Run(0, (0, 3, 0), [])

    @pytest.mark.administrator  # no role of the desk deletes events
    def test_has_every_order_for_another_desk(
        self, file: Path, orders: dict[UUID, OrderState]
    ) -> None:
        known = {each.pk: (each.name, each.email) for each in Customer.objects.all()}
        for model in (OrderLine, Order, CustomerProfile, Customer, Pending, EventRecord):
            model.objects.all().delete()
        assert run(file) == Run(0, (3, 0, 0), [])
        assert {order.pk: order.state() for order in Order.objects.all()} == orders
        assert {each.pk: (each.name, each.email) for each in Customer.objects.all()} == known
