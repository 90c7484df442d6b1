"""Events are handed over to reactions once, from where a reaction was deployed."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import JSONField, Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cqrs.database.aliases import WRITE_ALIAS
from cqrs.event_log import sequencer
from cqrs.messaging.ids import uuid7
from cqrs.models import EventRecord, FeedHead, ReactionCheckpoint, ReactionWork
from cqrs.reactions import handover
from cqrs.reactions.handover import hand_over
from cqrs.reactions.reaction import Effect
from cqrs.reactions.registry import reactions
from customers.commands import ImportCustomer
from orders.events import StockSet
from tests.support.reacting import Recorder, configure, hand_over_now, handed_over, position, run
from tests.support.scenarios import accepted, customer, product
from tests.support.threads import together


def rows(name: str = "recorder") -> list[tuple[int, Any]]:
    found = ReactionWork.objects.filter(reaction=name).order_by("position")
    return list(found.values_list("position", "stream_id"))


@pytest.mark.django_db
class TestStart:
    def test_is_at_the_head_with_what_was_written_before(self, deploy):
        customer()
        recorder = deploy(Recorder())
        after = customer()
        assert run(recorder) == 1
        assert recorder.streams == [after]
        assert position() == sequencer.head() == 2

    def test_a_later_reaction_does_not_move_the_earlier_ones(self, deploy):
        first = deploy(Recorder("first"))
        old = customer()
        second = Recorder("second")
        deploy(first, second)
        new = customer()
        run(first)
        run(second)
        assert (first.streams, second.streams) == ([old, new], [new])

    def test_begins_a_new_one_without_a_migration(self, settings):
        customer()
        sequencer.sequence()
        configure(settings, Recorder())
        assert hand_over_now() == (0, 0)
        assert position() == 1
        later = customer()
        assert handed_over() == (1, 0)
        assert rows() == [(2, later)]

    def test_has_every_reaction_after_the_migrations(self):
        names = set(ReactionCheckpoint.objects.values_list("consumer", flat=True))
        assert names == {each.name for each in reactions()}
        assert names == {"send_welcome_email", "create_default_profile",
                         "start_marketing_campaign", "notify_shipment"}  # fmt: skip


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
class TestFlush:
    def test_begins_anew(self):
        customer()
        sequencer.sequence()
        call_command("flush", database="default", interactive=False, verbosity=0)
        assert FeedHead.objects.get().position == 0
        assert set(ReactionCheckpoint.objects.values_list("position", flat=True)) == {0}
        assert ReactionCheckpoint.objects.count() == 4

    def test_of_the_read_side_changes_nothing(self):
        call_command("flush", database="replica", interactive=False, verbosity=0)
        assert ReactionCheckpoint.objects.count() == 4


@pytest.mark.django_db
class TestHandOver:
    def test_inserts_a_due_row_for_each_event_of_the_type(self, deploy):
        deploy(Recorder())
        key = customer()
        product(5)
        assert handed_over() == (1, 0)
        [row] = ReactionWork.objects.all()
        event = EventRecord.objects.get(stream_id=key)
        assert (row.reaction, row.position, row.attempts, row.error) == ("recorder", 1, 0, "")
        assert (row.event_id, row.stream_type, row.stream_id, row.version, row.type) == (
            event.event_id, "customer", key, 1, "customers.customer_registered")  # fmt: skip
        assert row.due_at <= timezone.now()
        assert position() == 2
        assert hand_over_now() == (0, 0)

    def test_counts_the_kinds_apart(self, deploy):
        deploy(
            Recorder("mail"),
            Recorder("profile", effect=Effect.TRANSACTIONAL),
            Recorder("stock", StockSet.wire_name),
        )
        customer()
        product(5)
        customer()
        assert handed_over() == (3, 2)

    def test_passes_over_imported_events_and_sees_those_between(self, deploy):
        deploy(Recorder())
        expected = []
        for number in range(3):
            accepted(ImportCustomer, customer_id=uuid7(), name="Old",
                     email=f"{number}@example.com", registered_at=timezone.now())  # fmt: skip
            expected.append((2 * number + 2, customer()))
        assert handed_over() == (3, 0)
        assert rows() == expected

    @pytest.mark.parametrize("metadata", [None, [], ["origin"], "import", 7, {"origin": None}])
    def test_takes_any_metadata(self, deploy, metadata: Any):
        deploy(Recorder())
        key = customer()
        EventRecord.objects.update(metadata=Value(metadata, JSONField()))
        assert handed_over() == (1, 0)
        assert rows() == [(1, key)]

    def test_goes_on_by_windows(self, deploy, monkeypatch):
        monkeypatch.setattr(handover, "WINDOW", 2)
        deploy(Recorder("first"))
        customers = [customer() for _ in range(3)]
        sequencer.sequence()
        assert hand_over_now() == (2, 0)
        deploy(Recorder("first"), Recorder("second"))
        customers.append(customer())
        sequencer.sequence()
        assert hand_over_now() == (3, 0)
        assert hand_over_now() == (0, 0)
        assert rows("first") == list(enumerate(customers, 1))
        assert rows("second") == [(4, customers[3])]

    def test_adds_no_second_row_for_an_event(self, deploy):
        deploy(Recorder())
        customer()
        handed_over()
        ReactionCheckpoint.objects.update(position=0)
        assert hand_over_now() == (0, 0)
        assert len(rows()) == position() == 1

    def test_is_one_statement_and_fetches_nothing(self, deploy):
        deploy(Recorder())
        customer()
        sequencer.sequence()
        connection.ensure_connection()
        pipeline = connection.connection.pipeline()
        with CaptureQueriesContext(connection) as queries, pipeline, hand_over() as cursor:
            assert cursor.fetchone() == (1, 0)
        assert len(queries) == 1

    def test_does_without_any_reaction(self, deploy, settings):
        configure(settings)
        customer()
        assert handed_over() == (0, 0)


# The planner must know that the log is large: of a few rows all ways cost the same.
_LARGE_LOG = """
INSERT INTO cqrs_event (event_id, stream_type, stream_id, version, type, schema_version, data,
                        metadata, occurred_at)
SELECT gen_random_uuid(), 'x', gen_random_uuid(), 1, 'x', 1, '{}', '{}', now()
FROM generate_series(1, 20000);
INSERT INTO cqrs_feed (position, event_id, bucket)
SELECT row_number() OVER (ORDER BY id), id, 0 FROM cqrs_event;
ANALYZE cqrs_event, cqrs_feed
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.bypasses_events
class TestPlan:
    def test_reads_the_log_by_its_keys_only(self, deploy):
        """However large the log is: a plan that scans it would cost seconds near the head."""
        deploy(Recorder())
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LARGE_LOG)
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(
                "EXPLAIN (FORMAT JSON) " + handover._HAND_OVER,
                {"names": "{recorder}", "types": "{x}", "transactional": "{f}", "window": 5000},
            )
            [[[plan]]] = cursor.fetchall()
        for node in nodes(plan["Plan"]):
            key = {"cqrs_event": "(id = ", "cqrs_feed": '"position" '}.get(
                node.get("Relation Name", "")
            )
            condition = node.get("Index Cond") or node.get("Recheck Cond") or ""
            assert key is None or key in condition, node


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a node of a plan and all nodes below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_leaves_a_locked_checkpoint_to_its_holder(self, deploy):
        deploy(Recorder("held"), Recorder("free"))
        customer()
        sequencer.sequence()

        def others() -> tuple[int, int]:
            return together(hand_over_now)[0]

        with transaction.atomic():
            ReactionCheckpoint.objects.select_for_update().get(consumer="held")
            assert others() == (1, 0)
        assert (rows("held"), len(rows("free"))) == ([], 1)
        assert hand_over_now() == (1, 0)
        assert len(rows("held")) == 1

    def test_hands_each_event_over_once(self, deploy):
        deploy(Recorder("one"), Recorder("two", effect=Effect.TRANSACTIONAL))
        for _ in range(20):
            customer()
        sequencer.sequence()
        counts = together(*[hand_over_now] * 4)
        assert [sum(each) for each in zip(*counts, strict=True)] == [20, 20]
        assert len(rows("one")) == len(rows("two")) == 20

    def test_leaves_nothing_when_its_transaction_is_rolled_back(self, deploy):
        deploy(Recorder())
        customer()
        sequencer.sequence()
        with transaction.atomic(WRITE_ALIAS), hand_over():
            transaction.set_rollback(True, WRITE_ALIAS)
        assert (rows(), position()) == ([], 0)
        assert hand_over_now() == (1, 0)
