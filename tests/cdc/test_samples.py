"""The samples that other tests read are what the engine sends. WRITE_SAMPLES=1 writes them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cqrs.cdc import properties
from cqrs.cdc.changes import Record
from tests.cdc.shelves import ONE, TWO, WATCHED, execute
from tests.support.debezium import Captured, captured
from tests.support.desk import wait_for
from tests.support.scenarios import customer
from tests.support.waiting import BOTH

PATH = Path(__file__).resolve().parents[1] / "cqrs/cdc/samples.json"
SCHEMAS = {"key.converter.schemas.enable": "true", "value.converter.schemas.enable": "true"}
# With the columns of the keys alone, this Debezium cannot read a snapshot.
SNAPSHOT = {"snapshot.mode": "initial", "column.include.list": ".*"}


@pytest.fixture(autouse=True)
def _shelves(shelves: None) -> None:
    return None


@pytest.fixture
def samples(monkeypatch: pytest.MonkeyPatch) -> dict[str, Record]:
    """Return a sample of every kind."""
    plain = properties.embedded

    def run(act: Any, **changes: str) -> Iterator[tuple[str, Record]]:
        monkeypatch.setattr(properties, "embedded", lambda *given: {**plain(*given), **changes})
        with captured(WATCHED) as engine:
            yield from act(engine)

    return {
        **dict(run(_plain)),
        **dict(run(_with_schema, **SCHEMAS)),
        **dict(run(_snapshot, **SNAPSHOT)),
    }


def _plain(engine: Captured) -> Iterator[tuple[str, Record]]:
    execute(
        f"INSERT INTO shelf VALUES ('{ONE}', 'a')",
        f"UPDATE shelf SET title = 'b' WHERE id = '{ONE}'",
        f"UPDATE shelf SET id = '{TWO}' WHERE id = '{ONE}'",
        f"INSERT INTO shelf_book VALUES ('{ONE}', 1)",
        f"UPDATE shelf_book SET shelf_id = '{TWO}'",
        f"INSERT INTO shelf_note VALUES (1, '{ONE}')",
        "DELETE FROM shelf_note",
        "TRUNCATE shelf",
    )
    customer()
    created, updated, old_key, _, new_key, truncated = engine.wait_for("shelf", 6)
    part_created, part_left, _, part_arrived = engine.wait_for("shelf_book", 4)
    note_created, note_deleted, _ = engine.wait_for("shelf_note", 3)
    [event] = engine.wait_for("cqrs_event", 1)
    [message, *_] = wait_for(lambda: _messages(engine), 30)
    yield from {
        "created": created, "updated": updated, "old_key": old_key, "new_key": new_key,
        "part_created": part_created, "part_left": part_left, "part_arrived": part_arrived,
        "note_created": note_created, "note_deleted": note_deleted, "truncated": truncated,
        "event": event, "heartbeat": engine.heartbeats[0], "message": message,
    }.items()  # fmt: skip


def _messages(engine: Captured) -> list[Record]:
    """Return what the heartbeat's query has written to the WAL."""
    return [each for each in list(engine.records) if each.topic.endswith(".message")]


def _with_schema(engine: Captured) -> Iterator[tuple[str, Record]]:
    execute(f"INSERT INTO shelf VALUES ('{ONE}', 'a')", f"DELETE FROM shelf WHERE id = '{ONE}'")
    created, deleted, _ = engine.wait_for("shelf", 3)
    yield from {"created_with_schema": created, "deleted_with_schema": deleted}.items()
    execute(f"INSERT INTO shelf VALUES ('{ONE}', 'a')")  # for the snapshot


def _snapshot(engine: Captured) -> Iterator[tuple[str, Record]]:
    [snapshot] = engine.wait_for("shelf", 1)
    execute(f"DELETE FROM shelf WHERE id = '{ONE}'")
    _, deleted, tombstone = engine.wait_for("shelf", 3)
    yield from {"snapshot": snapshot, "deleted": deleted, "tombstone": tombstone}.items()


def shape(record: Record) -> tuple[Any, ...]:
    """Return what does not differ between two captures of the same change."""
    value = json.loads(record.value or "null")
    inner = value.get("payload", value) if isinstance(value, dict) else value
    operation = inner.get("op") if isinstance(inner, dict) else None
    names = sorted(value) if isinstance(value, dict) else None
    return record.topic, record.key, sorted(record.headers), operation, names


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestSamples:
    def test_are_what_the_engine_sends(self, samples: dict[str, Record]):
        if os.environ.get("WRITE_SAMPLES"):
            PATH.write_text(json.dumps(samples, indent=2, sort_keys=True) + "\n")
        stored = {name: Record(*each) for name, each in json.loads(PATH.read_text()).items()}
        assert stored.keys() == samples.keys()
        for name, sample in samples.items():
            if name != "event":  # its key is a number that goes up
                assert shape(stored[name]) == shape(sample), name
