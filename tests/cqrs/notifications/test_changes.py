"""What a batch has changed, as a text that fits into a NOTIFY."""

from typing import Any

import pytest

from cqrs.notifications.changes import MAX_IDS, Change, invalidation_keys, projection_of
from readmodels.projections import PROJECTIONS
from tests.support.log import Log

ORDERS = PROJECTIONS[0]
BYTES_OF_A_NOTIFY = 7_999

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


class TestChange:
    def test_names_the_ids_of_its_events(self, log: Log) -> None:
        buyer = log.customer()
        order = log.order(buyer)
        change = Change.by(ORDERS, log.sequenced())
        assert change == Change("orders", frozenset({str(buyer), str(order)}))
        assert set(change.invalidation_keys) == {"orders any", f"orders {buyer}", f"orders {order}"}

    def test_is_everything_without_events(self) -> None:
        change = Change.by(ORDERS, ())
        assert change == Change("orders")
        assert change.invalidation_keys == ["orders"]

    def test_is_everything_when_it_would_be_long(self, log: Log) -> None:
        for _ in range(MAX_IDS):
            log.customer()
        assert len(Change.by(ORDERS, log.sequenced()).ids) == MAX_IDS
        log.customer()
        assert Change.by(ORDERS, log.sequenced()).ids is None

    def test_fits_into_a_notice(self, log: Log) -> None:
        for _ in range(MAX_IDS):
            log.customer()
        change = Change.by(ORDERS, log.sequenced())
        assert len(str(change)) < BYTES_OF_A_NOTIFY
        assert Change.read(str(change)) == change
        assert Change.read("orders") == Change("orders")

    def test_is_none_of_a_copy(self, log: Log) -> None:
        log.customer()

        class Copy:
            name = "orders@build"

        copy: Any = Copy()
        assert Change.by(copy, log.sequenced()) is None


def test_every_tag_of_an_answer_is_one_that_some_change_has(log: Log) -> None:
    buyer = log.customer()
    change = Change.by(ORDERS, log.sequenced())
    everything, own = invalidation_keys("orders", buyer)
    assert own in change.invalidation_keys
    assert invalidation_keys("orders", None)[1] in change.invalidation_keys
    assert [everything] == Change("orders").invalidation_keys
    assert projection_of(own) == projection_of(everything) == "orders"
