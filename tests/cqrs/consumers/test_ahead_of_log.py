"""A log that has lost events: no consumer passes anything over, and everything says so."""

import copy
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.checks import run_checks
from django.core.management import CommandError
from django.db import connection, connections
from django.test import Client
from structlog.testing import capture_logs

from cqrs.event_log import sequencer
from cqrs.models import ReactionCheckpoint, ReactionWork
from cqrs.operations import metrics
from cqrs.operations.worker import project
from cqrs.projections.lag import read_lag
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.registry import runner
from readmodels.models import CustomerReadModel
from readmodels.projections import PROJECTIONS
from tests.support.backups import back_up
from tests.support.built import nothing_is_left, projections
from tests.support.log import Log
from tests.support.reacting import Recorder, configure, hand_over_now

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__, "no_reactions"),
]
AHEAD = "ahead of the log"
CLIENT = Client()


class Desk:
    """A log with 3 customers when it was backed up, and 2 more that the read side knows."""

    def __init__(self, folder: Path) -> None:
        self.log = Log()
        for number in range(3):
            self.log.customer(f"Before {number}")
        self.log.projected()
        self.backup, self.then = back_up("default", folder), copy.deepcopy(self.log)
        for number in range(2):
            self.log.customer(f"Lost {number}")
        self.log.projected()

    def restored(self) -> Log:
        """Take the write side back to the backup; return its log."""
        self.backup.restore()
        return self.then


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def statuses() -> list[dict[str, Any]]:
    output = projections_failing("status", "--json")
    found: list[dict[str, Any]] = orjson.loads(output)["projections"]
    return found


def projections_failing(*arguments: str) -> str:
    """Run a command that must fail because of the log; return what it printed."""
    output = io.StringIO()
    with pytest.raises(CommandError, match=AHEAD):
        projections(*arguments, output=output)
    return output.getvalue()


def names() -> set[str]:
    return {*CustomerReadModel.objects.values_list("name", flat=True)}


def checkpoints() -> list[tuple[Any, ...]]:
    rows = ProjectionCheckpoint.objects.order_by("consumer", "partition")
    return list(rows.values_list("consumer", "partition", "position", "event_id", "caught_up_at"))


@pytest.fixture(params=[0, 1, 2, 600], ids="{} new events".format)
def new_events(request: pytest.FixtureRequest) -> int:
    """How many events the restored log gets: with 2, the head is where it was."""
    count: int = request.param
    return count


class TestRestoredLog:
    def test_stops_all_that_had_applied_more(self, desk: Desk, new_events: int) -> None:
        before = checkpoints()
        log = desk.restored()
        for number in range(new_events):
            log.customer(f"After {number}")
        log.published()
        with capture_logs() as logs:
            project(PROJECTIONS)
            project(PROJECTIONS)
        assert checkpoints() == before
        assert names() == {"Before 0", "Before 1", "Before 2", "Lost 0", "Lost 1"}
        warned = [each["consumer"] for each in logs if each["event"] == "ahead_of_log"]
        assert sorted(warned) == sorted(each.name for each in PROJECTIONS)

    def test_is_said_everywhere(self, desk: Desk, new_events: int) -> None:
        log = desk.restored()
        for number in range(new_events):
            log.customer(f"After {number}")
        log.sequenced()
        for each in statuses():
            assert (each["state"], each["head"]) == ("ahead", 3 + new_events)
            assert AHEAD in each["reason"]
        for command in ("verify", "rebuild --all", "parked retry", "repartition",
                        "run --until-caught-up"):  # fmt: skip
            projections_failing(*command.split())
        projections_failing("verify", "--repair", "customers")
        assert CLIENT.get("/health/ready").json()["read_side"] == AHEAD
        samples = {each.name: each.samples for each in metrics.registry().collect()}
        assert {each.value for each in samples["cqrs_projection_ahead"]} == {1}
        found = run_checks(databases=["default", "replica"])
        assert [each.id for each in found if each.id == "cqrs.W004"] == ["cqrs.W004"] * 6

    def test_lets_the_read_lag_grow(self, desk: Desk) -> None:
        with connections["replica"].cursor() as cursor:
            cursor.execute(
                "UPDATE cqrs_projections_checkpoint SET caught_up_at = now() - interval '60 s'"
            )
        desk.restored().published()
        project(PROJECTIONS)
        read_lag.forget()
        lag_ms = read_lag.ms("customers")
        assert lag_ms is not None
        assert lag_ms >= 60_000

    def test_parks_and_retries_nothing(self, desk: Desk) -> None:
        key = str(desk.log._new_key())
        ParkedEvent.objects.create(
            consumer="customers", position=4, bucket=0, event_id=key, stream_type="customer",
            stream_id=key, version=1, type="customers.customer_registered", attempts=1,
            retry_at="2026-01-01T00:00Z", error="", parked_at="2026-01-01T00:00Z")  # fmt: skip
        log = desk.restored()
        for number in range(3):
            log.customer(f"After {number}")
        log.published()
        project(PROJECTIONS)
        [parked] = ParkedEvent.objects.all()
        assert (parked.attempts, str(parked.event_id)) == (1, key)


class TestConsumerThatAgreesWithTheLog:
    def test_goes_on_beside_others_that_do_not(self, tmp_path: Path) -> None:
        """The customers stood at the backup, and the rest of the read side did not."""
        log = Log()
        log.customer("Before")
        log.projected()
        backup, then = back_up("default", tmp_path), copy.deepcopy(log)
        log.customer("Lost")
        log.sequenced()
        customers = next(each for each in PROJECTIONS if each.name == "customers")
        runner.drain(*[each for each in PROJECTIONS if each is not customers])
        backup.restore()
        then.customer("After")
        then.published()
        project(PROJECTIONS)
        assert names() == {"Before", "After"}
        states = {each["consumer"]: each["state"] for each in statuses()}
        assert states == {
            each.name: "level" if each is customers else "ahead" for each in PROJECTIONS
        }

    def test_catches_up_when_the_read_side_alone_is_older(self, tmp_path: Path) -> None:
        log = Log()
        log.customer("Before")
        log.projected()
        backup = back_up("replica", tmp_path)
        log.customer("After")
        log.projected()
        backup.restore()
        assert names() == {"Before"}
        project(PROJECTIONS)
        assert names() == {"Before", "After"}
        projections("status")


class TestTruncatedLog:
    @pytest.mark.parametrize("table", ["cqrs_event", "cqrs_feed", "cqrs_feedhead"])
    def test_stops_everything(self, table: str) -> None:
        log = Log()
        for number in range(3):
            log.customer(f"Before {number}")
        log.projected()
        before = checkpoints()
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table}")
        log.customer("After")
        log.published()
        project(PROJECTIONS)
        assert checkpoints() == before
        assert {each["state"] for each in statuses()} == {"ahead"}


class TestReactionThatIsAheadOfTheLog:
    def test_stays_and_gets_no_work(self, no_reactions: None, settings: Any) -> None:
        recorder = Recorder()
        configure(settings, recorder)
        log = Log()
        log.sequenced()
        hand_over_now()
        log.customer("Before")
        log.sequenced()
        assert hand_over_now() == (1, 0)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM cqrs_event")
        log.customer("After")
        log.sequenced()
        assert hand_over_now() == (0, 0)
        assert ReactionCheckpoint.objects.get(consumer="recorder").position == 1
        assert ReactionWork.objects.count() == 1
        document = orjson.loads(projections_failing("status", "--json"))
        assert [each["state"] for each in document["reactions"]] == ["ahead"]


class TestCheckpointOfAnEarlierBuild:
    def test_gets_the_event_at_its_position(self) -> None:
        log = Log()
        log.customer("Before")
        log.projected()
        ProjectionCheckpoint.objects.update(event_id=None)
        project(PROJECTIONS)
        [event] = log.sequenced()
        assert {each.event_id for each in ProjectionCheckpoint.objects.all()} == {event.event_id}


class TestEveryAdvance:
    @pytest.mark.parametrize("count", [1, 499, 501, 5_001])
    def test_names_the_event_at_the_position_it_reaches(self, count: int) -> None:
        log = Log()
        for number in range(count):
            log.customer(str(number))
        log.published()
        project(PROJECTIONS)
        *_, last = log.sequenced()
        found = {(each.position, each.event_id) for each in ProjectionCheckpoint.objects.all()}
        assert found == {(count, last.event_id)}
        assert sequencer.look().ids == {count: last.event_id}
