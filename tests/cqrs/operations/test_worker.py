"""What a worker costs: round trips and commits of one order at the head, and of an idle sweep."""

from uuid import UUID

import pytest

from cqrs.messaging.ids import uuid7
from cqrs.operations.worker import project
from cqrs.projections.registry import projections
from cqrs.reactions.registry import reactions
from orders.commands import CreateOrder, SetStock
from readmodels.models import OrderReadModel
from tests.support.protocol import traffic
from tests.support.scenarios import ADDRESS, accepted, customer, line

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures("no_wake_ups"),
    pytest.mark.postgresql_version,
]
BOTH = ("default", "replica")


def place(buyer: UUID, products: list[UUID]) -> UUID:
    """Place an order of products that are tracked: four events."""
    items = [line(product_id=product) for product in products]
    order = accepted(CreateOrder, customer_id=buyer, items=items, shipping_address=ADDRESS)
    found: UUID = order.id
    return found


@pytest.fixture
def shop() -> tuple[UUID, list[UUID]]:
    """Return a customer and three products; all of it, and an order, is projected."""
    buyer, products = customer(), [uuid7() for _ in range(3)]
    for product in products:
        accepted(SetStock, product_id=product, on_hand=9)
    place(buyer, products)
    project(projections())
    return buyer, products


class TestProject:
    def test_brings_an_order_to_the_head_in_few_round_trips_and_two_commits(
        self, shop: tuple[UUID, list[UUID]]
    ) -> None:
        order = place(*shop)
        assert (len(projections()), len(reactions())) == (6, 4)
        with traffic(*BOTH) as seen:
            project(projections())
        assert OrderReadModel.objects.filter(pk=order).exists()
        assert seen.commits == 2
        assert seen.round_trips <= 8
        assert seen.waits <= 8

    @pytest.mark.usefixtures("shop")
    def test_sweeps_an_idle_log_in_three_round_trips(self) -> None:
        with traffic(*BOTH) as seen:
            project(projections())
        assert seen.round_trips <= 3
        assert seen.waits <= 3
