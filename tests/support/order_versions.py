"""A second version of the orders projection, and builds that have both, or one of them."""

from collections.abc import Sequence

from django.test import override_settings

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.store import RowsByTable
from readmodels.projections import PROJECTIONS
from readmodels.projections.orders import ORDERS, Orders
from tests.support.kernel_settings import cqrs


class OrdersV3(Orders):
    """Writes one field more into the document."""

    version = 3

    def fold(self, events: Sequence[RecordedEvent], loaded: RowsByTable) -> RowsByTable:
        changed = super().fold(events, loaded)
        for row in changed[ORDERS].values():
            row.state["made_by"] = 3
        return changed


V2, *OTHERS = PROJECTIONS
V3 = OrdersV3()
BOTH_VERSIONS: tuple[Projection, ...] = (V2, V3, *OTHERS)
ONLY_V3: tuple[Projection, ...] = (V3, *OTHERS)


def _build(table: str) -> override_settings:
    return cqrs(PROJECTIONS=[table], EVENT_SCHEMAS_DIR=None)


def build_of_both() -> override_settings:
    """Be a build that has both versions, for a block."""
    return _build(f"{__name__}.BOTH_VERSIONS")


def newer_build() -> override_settings:
    """Be a build that has version 3 alone, for a block."""
    return _build(f"{__name__}.ONLY_V3")


def older_build() -> override_settings:
    """Be a build that has version 2 alone, for a block."""
    return _build("readmodels.projections.PROJECTIONS")
