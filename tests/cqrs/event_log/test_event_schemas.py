"""Events are a contract: what was released keeps its shape."""

from pathlib import Path
from typing import ClassVar

import orjson
import pytest
from django.core.management import CommandError, call_command

from cqrs.event_log.event_schemas import changed, folder, missing, path_of, schema_of
from cqrs.event_log.events import event_types
from cqrs.event_log.upcasters import upcasters
from cqrs.projections import recorded_types
from customers.events import CustomerDeactivated
from tests.support.kernel_settings import cqrs


class LongerDeactivated(CustomerDeactivated):
    schema_version: ClassVar[int] = 2

    by_whom: str


class TestReleasedEvents:
    def test_have_their_recorded_shape(self):
        assert changed() == []

    def test_are_all_described(self):
        assert missing() == []

    def test_can_be_lifted_from_every_earlier_version(self):
        for event_type in event_types().values():
            for version in range(1, event_type.schema_version):
                assert (event_type.wire_name, version) in upcasters()
                assert path_of(event_type.wire_name, version).exists()

    def test_name_personal_fields_that_they_have(self):
        for event_type in event_types().values():
            assert event_type.personal <= event_type.model_fields.keys()

    def test_are_described_and_nothing_else_is(self):
        described = {path.name for path in folder().iterdir()} - {recorded_types.path().name}
        assert described == {
            path_of(event_type.wire_name, version).name
            for event_type in event_types().values()
            for version in range(1, event_type.schema_version + 1)
        }


class TestCommand:
    def test_refuses_a_changed_shape(self, tmp_path: Path):
        with cqrs(EVENT_SCHEMAS_DIR=tmp_path):
            path_of(CustomerDeactivated.wire_name, 2).write_bytes(schema_of(LongerDeactivated))
            with pytest.raises(CommandError, match=r"customer_deactivated v2 has changed"):
                call_command("event_schemas")

    def test_tells_field_order_and_words_from_shape(self):
        schema = orjson.loads(schema_of(CustomerDeactivated))
        assert schema["properties"].keys() == {"customer_id", "reason"}
        assert schema["x-personal"] == ["reason"]
        assert "description" not in schema


class TestWithoutAFolder:
    def test_says_which_setting_names_it(self):
        with (
            cqrs(EVENT_SCHEMAS_DIR=None),
            pytest.raises(CommandError, match=r"^Set CQRS\['EVENT_SCHEMAS_DIR'\] to the folder"),
        ):
            call_command("event_schemas")
