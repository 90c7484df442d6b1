"""Old events are read as if they had been written today."""

from uuid import UUID

import pytest
from django.db import connection

from cqrs.event_log import feed
from cqrs.event_log.sequencer import sequence
from cqrs.event_log.upcasters import upcast
from customers.commands import DeactivateCustomer
from tests.support.scenarios import accepted, customer


def store_as_version_1(customer_id: UUID) -> None:
    """Make the event what the first release would have written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cqrs_event SET schema_version = 1, data = data - 'reason'"
            " WHERE stream_id = %s AND type = 'customers.customer_deactivated'",
            [customer_id],
        )


class TestUpcast:
    def test_leaves_the_latest_version_alone(self):
        data = {"customer_id": "1", "reason": "moved"}
        assert upcast("customers.customer_deactivated", 2, data) == (2, data)

    def test_lifts_an_old_version(self):
        data = {"customer_id": "1"}
        assert upcast("customers.customer_deactivated", 1, data) == (2, {**data, "reason": ""})


@pytest.mark.django_db
class TestFeed:
    def test_hands_out_old_events_in_their_latest_shape(self):
        key = customer()
        accepted(DeactivateCustomer, customer_id=key, reason="moved")
        store_as_version_1(key)
        sequence()
        (_, deactivated), _ = feed.read(0, 10)
        assert deactivated.schema_version == 2
        assert deactivated.data == {"customer_id": str(key), "reason": ""}
