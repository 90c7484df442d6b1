"""What a subscriber outside receives of the outbox event router."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cqrs.cdc import properties
from cqrs.cdc.changes import Record
from cqrs.models import EventRecord
from orders.commands import ConfirmOrder, CreateOrder
from tests.support.debezium import NAME, Captured, captured
from tests.support.desk import wait_for
from tests.support.scenarios import accepted, content, customer
from tests.support.waiting import BOTH

CONNECTOR = Path(__file__).resolve().parents[2] / "deploy/kafka-connect/outbox.json"
OWN = ("transforms", "predicates", "tombstones", "table.include", "snapshot.mode")


def outbox_properties() -> dict[str, str]:
    """Return what the shipped connector has for the router."""
    config = json.loads(CONNECTOR.read_text())["config"]
    prefix = config["topic.prefix"]
    return {
        name: value.replace(prefix, NAME) for name, value in config.items() if name.startswith(OWN)
    }


@pytest.fixture
def engine(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Captured]:
    plain = properties.embedded

    def with_router(*given: Any) -> dict[str, str]:
        found = {**plain(*given), **outbox_properties()}
        del found["column.include.list"]
        return found

    monkeypatch.setattr(properties, "embedded", with_router)
    with captured({}) as found:
        yield found


def received(engine: Captured, topic: str, count: int) -> list[Record]:
    def found() -> list[Record]:
        return [each for each in list(engine.records) if each.topic == topic]

    wait_for(lambda: len(found()) >= count, 30)
    return found()


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestSubscriber:
    def test_receives_each_event_in_the_topic_of_its_stream_keyed_by_aggregate(
        self, engine: Captured
    ):
        buyer = customer()
        order = accepted(CreateOrder, **content(buyer)).id
        accepted(ConfirmOrder, order_id=order)
        first, second = received(engine, "outbox.event.order", 2)
        assert [_plain(each.key) for each in (first, second)] == [str(order), str(order)]
        assert [_value(each)["version"] for each in (first, second)] == [1, 2]
        [registered] = received(engine, "outbox.event.customer", 1)
        assert _plain(registered.key) == str(buyer)

    def test_receives_all_that_the_log_has_of_an_event(self, engine: Captured):
        buyer = customer()
        [message] = received(engine, "outbox.event.customer", 1)
        stored, value = EventRecord.objects.get(stream_id=buyer), _value(message)
        assert value["event_id"] == str(stored.event_id)
        assert _plain(message.headers["id"]) == str(stored.event_id)
        assert (value["type"], value["schema_version"]) == (stored.type, stored.schema_version)
        assert (value["stream_id"], value["version"]) == (str(buyer), 1)
        assert json.loads(value["payload"]) == stored.data
        assert json.loads(value["metadata"]) == stored.metadata
        assert value["occurred_at"].startswith(stored.occurred_at.strftime("%Y-%m-%dT%H:%M:%S"))


def _value(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(record.value or "")
    return found


def _plain(text: str | None) -> Any:
    """Return what the engine has as JSON, and a subscriber of Kafka as a plain text."""
    found = json.loads(text or "")
    return found["payload"] if isinstance(found, dict) else found
