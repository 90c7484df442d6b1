"""The event log: appended to in the transaction of the change, or not at all."""

from typing import ClassVar

import pytest
from django.db import transaction

from cqrs.event_log.events import Event, bucket_of, publish
from cqrs.event_log.outside import ChangedOutside
from cqrs.event_log.publishable import UnpublishableEvent
from cqrs.event_log.sequencer import sequence
from cqrs.event_log.signals import event_published
from cqrs.messaging.context import current_context
from cqrs.models import EventRecord, Pending
from orders.events import StockSet
from tests.support.kernel_settings import cqrs
from tests.support.streams import change

pytestmark = pytest.mark.bypasses_events  # the streams here are made up


class StockLost(Event):
    wire_name: ClassVar[str] = "orders.stock_lost"
    stream_type: ClassVar[str] = "stock"


class OtherStockSet(StockSet):
    """Has the wire name of the registered class."""


class ShelfBuilt(StockLost):
    wire_name: ClassVar[str] = "orders.shelf_built"
    stream_type: ClassVar[str] = "shelf"


REGISTERED = (StockLost, ShelfBuilt)


@pytest.mark.django_db
class TestPublish:
    def test_appends_the_events_in_the_order_given(self):
        changes = [change() for _ in range(5)]
        publish(*changes)
        stored = EventRecord.objects.order_by("id")
        assert [event.stream_id for event in stored] == [item.id for item, _ in changes]

    def test_stores_the_event_with_its_circumstances(self):
        item, event = change(version=3)
        publish((item, event))
        stored = EventRecord.objects.get()
        assert (stored.stream_type, stored.stream_id, stored.version) == ("stock", item.id, 3)
        assert (stored.type, stored.schema_version) == ("orders.stock_set", 1)
        assert stored.data == event.model_dump(mode="json")
        assert stored.metadata == current_context().as_metadata()
        assert stored.event_id.version == 7

    def test_notes_the_event_as_pending_in_the_bucket_of_its_partition_key(self):
        item, event = change()
        publish((item, event))
        assert list(Pending.objects.values_list("event_id", "bucket")) == [
            (EventRecord.objects.get().id, bucket_of(item.id))
        ]

    def test_tells_the_signals_receivers_of_every_event(self):
        heard = []

        def hear(sender, event, event_id, aggregate, **_):
            heard.append((sender, event, event_id, aggregate))

        event_published.connect(hear)
        try:
            (item, event), (other, other_event) = changes = [change(), change()]
            publish(*changes)
        finally:
            event_published.disconnect(hear)
        ids = list(EventRecord.objects.order_by("id").values_list("event_id", flat=True))
        assert heard == [
            (StockSet, event, ids[0], item),
            (StockSet, other_event, ids[1], other),
        ]

    def test_refuses_a_second_event_of_the_same_version(self):
        item, event = change()
        publish((item, event))
        with pytest.raises(ChangedOutside) as refused, transaction.atomic():
            publish((item, event))
        assert refused.value.streams == {"stock": [item.id]}
        assert "event_stream_version" in str(refused.value.__cause__)
        assert EventRecord.objects.count() == Pending.objects.count() == 1

    def test_leaves_nothing_after_a_rollback(self):
        with transaction.atomic():
            publish(change(), change())
            transaction.set_rollback(True)
        assert EventRecord.objects.count() == Pending.objects.count() == 0
        assert sequence() == 0


@pytest.mark.django_db
class TestPublishRaisesFor:
    def test_an_event_that_no_table_has(self):
        item, event = change()
        with pytest.raises(UnpublishableEvent) as refused:
            publish((item, event), (item, StockLost()))
        assert str(refused.value) == (
            "CQRS['EVENTS'] has no event 'orders.stock_lost':"
            f" add {__name__}.StockLost to a table that it names"
        )
        assert EventRecord.objects.count() == Pending.objects.count() == 0

    def test_another_class_of_the_same_wire_name(self):
        item, event = change()
        with pytest.raises(UnpublishableEvent) as refused:
            publish((item, OtherStockSet(**event.model_dump())))
        assert str(refused.value) == (
            "CQRS['EVENTS'] has orders.events.StockSet for 'orders.stock_set': publish that,"
            f" or give {__name__}.OtherStockSet a wire_name of its own"
        )
        assert EventRecord.objects.count() == Pending.objects.count() == 0

    def test_an_event_of_another_stream(self):
        item, _ = change()
        with cqrs(EVENTS=[f"{__name__}.REGISTERED"]), pytest.raises(UnpublishableEvent) as refused:
            publish((item, StockLost()), (item, ShelfBuilt()))
        assert str(refused.value) == (
            f"{__name__}.ShelfBuilt belongs to the stream 'shelf', but the stream of StockItem is"
            " 'stock': give the class the stream_type of its aggregate"
        )
        assert EventRecord.objects.count() == Pending.objects.count() == 0

    def test_nothing_of_a_registered_class(self):
        item, _ = change()
        with cqrs(EVENTS=[f"{__name__}.REGISTERED"]):
            publish((item, StockLost()))
        assert EventRecord.objects.get().type == "orders.stock_lost"


@pytest.mark.django_db(transaction=True)
class TestPublishOutside:
    def test_needs_a_transaction(self):
        with pytest.raises(RuntimeError):
            publish(change())
        assert EventRecord.objects.count() == 0
