"""Understanding change events. The samples are what Debezium's engine has sent
(tests/cdc/test_samples.py compares)."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cqrs.cdc.changes import (
    EventStored,
    NotGuessed,
    PoisonRecord,
    Record,
    RowChanged,
    committed_at,
    read_change,
)

WATCHED = {"shelf": ("shelf", "id"), "shelf_book": ("shelf", "shelf_id")}
NOTES = {"shelf_note": ("shelf", "shelf_id")}
ONE, TWO = UUID(int=1), UUID(int=2)
SAMPLES = {
    name: Record(*given)
    for name, given in json.loads((Path(__file__).parent / "samples.json").read_text()).items()
}
CHANGED = RowChanged("shelf", (ONE,))
UNDERSTOOD = {
    "snapshot": CHANGED,
    "created": CHANGED,
    "updated": CHANGED,
    "deleted": CHANGED,
    "tombstone": None,
    "created_with_schema": CHANGED,
    "deleted_with_schema": CHANGED,
    "old_key": NotGuessed("shelf", ONE, "its key was changed"),
    "new_key": NotGuessed("shelf", TWO, "it has another's key"),
    "part_created": CHANGED,
    "part_left": CHANGED,
    "part_arrived": RowChanged("shelf", (TWO,)),
    "truncated": NotGuessed("shelf", None, "its table was truncated"),
    "heartbeat": None,
    "message": None,
    "event": EventStored(),
}


class TestSamples:
    @pytest.mark.parametrize("name", list(UNDERSTOOD))
    def test_are_understood(self, name: str):
        assert read_change(SAMPLES[name], WATCHED) == UNDERSTOOD[name]

    @pytest.mark.parametrize("name", list(UNDERSTOOD))
    def test_of_tables_that_are_not_watched_say_nothing(self, name: str):
        expected = EventStored() if name == "event" else None
        assert read_change(SAMPLES[name], {}) == expected

    def test_of_a_row_whose_key_lacks_the_aggregate_say_it_by_its_state(self):
        assert read_change(SAMPLES["note_created"], NOTES) == CHANGED

    def test_of_its_deletion_hold_made_up_values(self):
        with pytest.raises(PoisonRecord):
            read_change(SAMPLES["note_deleted"], NOTES)

    @pytest.mark.parametrize("name", ["created", "created_with_schema", "heartbeat", "event"])
    def test_say_when_they_were_committed(self, name: str):
        found = committed_at(SAMPLES[name])
        assert found is not None
        assert found.year >= 2026

    def test_without_a_value_do_not(self):
        assert committed_at(SAMPLES["tombstone"]) is None


def changed(**changes: Any) -> Record:
    """Return a sample with another topic, key or value."""
    return SAMPLES["updated"]._replace(**changes)


class TestRecord:
    def test_may_have_fields_that_are_not_known(self):
        value = {**json.loads(SAMPLES["updated"].value or ""), "later": {"x": 1}}
        key = {"id": str(ONE)}
        assert read_change(changed(key=json.dumps(key), value=json.dumps(value)), WATCHED) == (
            CHANGED
        )

    def test_without_a_key_is_taken_by_its_state(self):
        value = json.dumps({"op": "u", "before": None, "after": {"id": str(ONE)}})
        assert read_change(changed(key=None, value=value), WATCHED) == CHANGED

    def test_that_was_moved_names_both_aggregates(self):
        before, after = {"shelf_id": str(ONE)}, {"shelf_id": str(TWO)}
        value = json.dumps({"op": "u", "before": before, "after": after})
        record = Record("desk.public.shelf_note", '{"id": 7}', value)
        assert read_change(record, NOTES) == RowChanged("shelf", (ONE, TWO))

    @pytest.mark.parametrize(
        ("key", "value", "reason"),
        [
            ("{", '{"op": "u"}', "its key is no JSON"),
            ("[]", '{"op": "u"}', "its key is no object"),
            ('{"id": "7"}', '{"op": "u"}', "its id is no UUID"),
            ('{"id": 7}', '{"op": "u"}', "its id is no UUID"),
            ("{}", '{"op": "u"}', "it has no id"),
            (None, '{"op": "u"}', "it has no id"),
            ("{}", '{"op": "x"}', "the operation 'x' is not known"),
            ("{}", "{}", "the operation 'None' is not known"),
            ("{}", "not JSON", "its value is no JSON"),
            ("{}", '"text"', "its value is no object"),
        ],
    )
    def test_that_cannot_be_understood_says_why(self, key: str | None, value: str, reason: str):
        with pytest.raises(PoisonRecord) as poison:
            read_change(changed(key=key, value=value), WATCHED)
        assert str(poison.value) == reason
