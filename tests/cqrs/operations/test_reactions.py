"""Operators see, retry and discard what reactions failed on, as they do for projections."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cqrs.event_log import sequencer
from cqrs.models import ReactionCheckpoint, ReactionWork
from cqrs.operations import metrics
from cqrs.projections.models import ProjectionCheckpoint
from cqrs.reactions import executor, work
from cqrs.reactions.reaction import Effect
from tests.support.built import projections
from tests.support.faults import fail
from tests.support.reacting import Recorder, handed_over, run
from tests.support.scenarios import customer
from tests.support.threads import together

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


@pytest.fixture(autouse=True)
def _no_wake_ups(no_wake_ups: None) -> None:
    """Hand over and react when the test says so."""


def status(*options: str) -> dict[str, Any]:
    """Return what `status` says of the reaction, with its complaint."""
    output, complaint = io.StringIO(), ""
    try:
        projections("status", "--json", *options, output=output)
    except CommandError as error:
        complaint = str(error)
    [found] = orjson.loads(output.getvalue())["reactions"]
    return {**found, "complaint": complaint}


def seen(*names: str, **options: Any) -> tuple[Any, ...]:
    found = status(**options)
    return tuple(found[name] for name in names)


@pytest.fixture
def recorder(deploy: Any) -> Iterator[Recorder]:
    return deploy(Recorder())


@pytest.fixture
def failed(recorder: Recorder) -> Recorder:
    """Have two rows that failed and one that waits."""
    recorder.then = fail
    customer()
    customer()
    run(recorder)
    customer()
    handed_over()
    recorder.then = lambda _: None
    return recorder


class TestStatus:
    def test_counts_events_that_are_not_handed_over_or_not_reacted_to(self, recorder: Recorder):
        assert seen("state", "lag_events", "position") == ("level", 0, 0)
        customer()
        customer()
        assert seen("state", "lag_events", "position") == ("behind", 2, 0)
        sequencer.sequence()
        assert seen("state", "lag_events", "position", "head") == ("behind", 2, 0, 2)
        handed_over()
        assert seen("state", "lag_events", "position", "head") == ("behind", 2, 2, 2)
        executor.run(recorder)
        assert seen("state", "lag_events", "position", "head") == ("level", 0, 2, 2)

    def test_says_how_long_the_oldest_row_waits(self, recorder: Recorder):
        customer()
        handed_over()
        ReactionWork.objects.update(created_at=timezone.now() - timedelta(seconds=60))
        found = status("--max-lag", "59")
        assert 60 <= found["lag_seconds"] < 90
        assert "recorder lags 6" in found["complaint"]

    def test_shows_failures_as_parked_and_fails(self, failed: Recorder):
        ReactionWork.objects.exclude(error="").update(
            created_at=timezone.now() - timedelta(seconds=60)
        )
        found = status()
        assert (found["state"], found["parked"], found["lag_events"]) == ("parked", 2, 1)
        assert 60 <= found["parked_oldest_seconds"] < 90
        assert found["complaint"] == "recorder has 2 parked events"

    def test_measures_the_rate_of_what_is_done(
        self, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
    ):
        customer()
        handed_over()
        monkeypatch.setattr("cqrs.operations.status.SAMPLE_S", 0.01)
        monkeypatch.setattr("time.sleep", lambda _: executor.run(recorder))
        assert status()["rate"] > 0

    def test_starts_nothing(self, recorder: Recorder):
        ReactionCheckpoint.objects.all().delete()
        customer()
        sequencer.sequence()
        assert seen("state", "position", "lag_events") == ("level", 1, 0)
        list(metrics.registry().collect())
        assert ReactionCheckpoint.objects.count() == ProjectionCheckpoint.objects.count() == 0

    def test_asks_for_the_head_once(self, recorder: Recorder):
        with CaptureQueriesContext(connection) as queries:
            list(metrics.registry().collect())
        for table in ("cqrs_feedhead", '"cqrs_pending"', "cqrs_reactionwork"):
            assert sum(table in query["sql"] for query in queries) == 1


class TestMetrics:
    def test_show_reactions_beside_projections(self, failed: Recorder):
        found = {
            family.name: [(sample.labels, sample.value) for sample in family.samples]
            for family in metrics.registry().collect()
        }
        here = {"reaction": "recorder", "partition": "0"}
        assert found["cqrs_reaction_position"] == [(here, 3)]
        assert found["cqrs_reaction_lag_events"] == [(here, 1)]
        assert found["cqrs_reaction_parked_events"] == [({"reaction": "recorder"}, 2)]
        [(_, oldest_s)] = found["cqrs_reaction_parked_oldest_seconds"]
        assert oldest_s > 0


class TestParked:
    def test_lists_failures_with_their_next_attempt(self, failed: Recorder):
        ReactionWork.objects.filter(position=1).update(due_at=None)
        first, second, count = projections("parked", "list", "recorder").splitlines()
        event_id = failed.seen[0].event_id
        assert first.startswith("recorder 1: customers.customer_registered of customer ")
        assert first.endswith(f"v1, event {event_id}: 1 attempt(s), parked until it is retried by"
                              " hand: Broken: no")  # fmt: skip
        assert "1 attempt(s), tried again at " in second
        assert count == "2 parked event(s)"
        listed = orjson.loads(projections("parked", "list", "--json"))
        assert [(row["consumer"], row["position"]) for row in listed] == [
            ("recorder", 1), ("recorder", 2)]  # fmt: skip
        assert [row["retry_at"] is None for row in listed] == [True, False]

    def test_retries_now_what_is_named_and_nothing_else(self, failed: Recorder):
        event_id = failed.seen[1].event_id
        said = projections("parked", "retry", "--event", str(event_id))
        assert said == "1 event(s) applied, 0 still parked\n"
        assert [event.position for event in failed.seen] == [1, 2, 2]
        with pytest.raises(CommandError, match="There is no consumer unknown"):
            projections("parked", "retry", "unknown")
        assert projections("parked", "retry", "orders") == "0 event(s) applied, 0 still parked\n"
        assert projections("parked", "retry", "recorder") == "1 event(s) applied, 0 still parked\n"
        assert [(row.position, row.attempts) for row in ReactionWork.objects.all()] == [(3, 0)]

    @pytest.mark.parametrize("effect", list(Effect))
    def test_parks_again_what_fails_again_after_its_last_attempt(
        self, failed: Recorder, effect: Effect
    ):
        failed.effect = effect
        failed.then = fail
        ReactionWork.objects.exclude(error="").update(due_at=None, attempts=work.ATTEMPTS)
        with pytest.raises(CommandError, match=r"2 event\(s\) are still parked"):
            projections("parked", "retry")
        rows = ReactionWork.objects.exclude(error="")
        assert {(row.due_at, row.attempts) for row in rows} == {(None, work.ATTEMPTS + 1)}

    def test_discards(self, failed: Recorder):
        with pytest.raises(CommandError, match="--all"):
            projections("parked", "discard")
        event_id = str(failed.seen[0].event_id)
        assert "1 event(s) discarded" in projections("parked", "discard", "--event", event_id)
        projections("parked", "discard", "recorder", "--all")
        assert [row.position for row in ReactionWork.objects.all()] == [3]


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
class TestRetryBesideAnExecutor:
    def test_leaves_the_rows_to_it_and_repeats_no_call(self, deploy: Any):
        recorder = deploy(Recorder(then=fail))
        customer()
        run(recorder)
        ReactionWork.objects.update(due_at=None, attempts=work.ATTEMPTS)

        def refused() -> None:
            with pytest.raises(CommandError, match=r"1 event\(s\) are still parked"):
                projections("parked", "retry")

        def retry_meanwhile(_: Any) -> None:
            recorder.then = lambda _: None
            together(refused)

        recorder.then = retry_meanwhile
        customer()
        assert run(recorder) == 2
        assert [event.position for event in recorder.seen] == [1, 2, 1]
        assert not ReactionWork.objects.exists()
