"""The failures of the old code become work rows, and back."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from cqrs.event_log import sequencer
from cqrs.models import EventRecord, ReactionWork
from cqrs.reactions import executor
from tests.support.migrating import migrate_to_the_latest
from tests.support.reacting import deployed
from tests.support.scenarios import customer

INSERT = """
INSERT INTO cqrs_reactionfailure (reaction, position, event_id, attempts, retry_at, error)
VALUES ('create_default_profile', %s, %s, %s, %s, 'Broken: no')
"""

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(name: str) -> None:
    MigrationExecutor(connection).migrate([("cqrs", name)])


@pytest.fixture
def before() -> Iterator[None]:
    migrate("0001_initial")
    yield
    migrate_to_the_latest("cqrs")


class TestMigration:
    def test_carries_failures_over_and_back(self, before: None):
        first, second = customer(), customer()
        sequencer.sequence()
        events = EventRecord.objects.order_by("id")
        now = timezone.now()
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [1, events[0].event_id, 14, None])
            cursor.execute(INSERT, [2, events[1].event_id, 3, now])
        migrate("0002_reaction_work")
        parked, due = ReactionWork.objects.order_by("position")
        assert (parked.position, parked.stream_id, parked.attempts, parked.due_at) == (
            1, first, 14, None)  # fmt: skip
        assert (due.event_id, due.stream_type, due.stream_id, due.version, due.type) == (
            events[1].event_id, "customer", second, 1, "customers.customer_registered")  # fmt: skip
        assert (due.attempts, due.due_at, due.error) == (3, now, "Broken: no")

        migrate("0001_initial")
        with connection.cursor() as cursor:
            cursor.execute("SELECT position, event_id, attempts, retry_at, error"
                           " FROM cqrs_reactionfailure ORDER BY position")  # fmt: skip
            rows = cursor.fetchall()
        assert rows == [
            (1, events[0].event_id, 14, None, "Broken: no"),
            (2, events[1].event_id, 3, now, "Broken: no"),
        ]
        migrate("0002_reaction_work")
        assert executor.run(deployed("create_default_profile")) == 1
        assert ReactionWork.objects.get().position == 1
