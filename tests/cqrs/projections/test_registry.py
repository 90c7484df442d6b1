"""What the registry makes of the projections that the settings name."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from cqrs.projections.registry import homes
from readmodels.projections import PROJECTIONS
from readmodels.projections.orders import Orders
from tests.support.kernel_settings import cqrs


class MoreOrders(Orders):
    name = "more_orders"


TWO_HOMES = (*PROJECTIONS, MoreOrders())


class TestHomes:
    def test_are_the_projections_with_a_row_for_each_aggregate(self) -> None:
        assert {stream: home.name for stream, home in homes().items()} == {
            "order": "orders",
            "customer": "customers",
            "stock": "stock",
        }

    def test_are_one_for_each_stream(self) -> None:
        with (
            cqrs(PROJECTIONS=[f"{__name__}.TWO_HOMES"]),
            pytest.raises(ImproperlyConfigured, match="'order' has two homes"),
        ):
            homes()
