"""Versions of a projection side by side: each set of tables is folded by its own version's code."""

import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connections
from rich.console import Console
from structlog.testing import capture_logs

from cqrs.management.projections.verify import verify_each
from cqrs.operations.checks.projections import projections_are_current
from cqrs.projections.models import ProjectionCheckpoint
from cqrs.projections.registry import code_of, runner
from cqrs.projections.registry import projections as registered
from cqrs.rebuild.proof import RebuildError
from cqrs.rebuild.rebuild import rebuild, roll_back
from cqrs.rebuild.serving import stored_consumers
from cqrs.rebuild.verify import verify
from readmodels.projections import PROJECTIONS
from readmodels.tasks import project, verify_sample
from tests.support.built import filled, nothing_is_left, projections, silent
from tests.support.log import Log
from tests.support.order_versions import V2, V3, build_of_both, newer_build, older_build

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
    pytest.mark.postgresql_version,
]
THE_OTHER_BUILD = (
    "The tables of orders are of version 3, which this build does not have: run a build that"
    " registers it"
)
MADE_BY = """
SELECT count(*), count(*) FILTER (WHERE document::jsonb ? 'made_by') FROM {}.read_orders
"""


def made_by_v3(schema: str = "public") -> tuple[int, int]:
    """Return how many orders there are, and how many of them version 3 has folded."""
    with connections["replica"].cursor() as cursor:
        cursor.execute(MADE_BY.format(schema))
        return cursor.fetchone()


def versions() -> dict[str, set[int]]:
    """Return the versions of the tables of orders, by consumer."""
    rows = ProjectionCheckpoint.objects.filter(consumer__startswith="orders")
    found: dict[str, set[int]] = {}
    for consumer, version in rows.values_list("consumer", "version"):
        found.setdefault(consumer, set()).add(version)
    return found


def positions(consumer: str = "orders") -> set[int]:
    rows = ProjectionCheckpoint.objects.filter(consumer=consumer)
    return set(rows.values_list("position", flat=True))


def drifts() -> list[str]:
    """Return what differs from the log in the read models of the build."""
    return [str(each) for projection in registered() for each in verify(projection, silent)]


def one_more(log: Log) -> None:
    log.order(log.customer("Late"))
    log.published()
    project()


@pytest.fixture
def log() -> Log:
    """Return a log that version 2 has projected."""
    return filled()


@pytest.fixture
def swapped(log: Log) -> Log:
    """Return the log after a rebuild to version 3."""
    with build_of_both():
        rebuild(V3, silent, accept_changes=True)
    return log


class TestABuildOfBothVersions:
    @pytest.fixture(autouse=True)
    def _build(self) -> Iterator[None]:
        with build_of_both():
            yield

    def test_folds_by_version_1_until_the_rebuild(self, log: Log) -> None:
        one_more(log)
        assert made_by_v3() == (31, 0)
        assert versions() == {"orders": {2}}

    def test_verifies_the_serving_version(self, log: Log) -> None:
        assert drifts() == []

    def test_asks_for_acceptance_of_version_2(self, log: Log) -> None:
        with pytest.raises(CommandError, match="of version 3 differ from those of version 2"):
            projections("rebuild", "orders")
        said = projections("rebuild", "orders", "--accept-changes")
        assert "30 row(s) differ in read_orders.document" in said
        assert "folded once more on their own: 0 differ" in said
        assert versions() == {"orders": {3}, "orders.retired": {2}}
        assert made_by_v3() == (30, 30)

    def test_folds_each_set_of_tables_by_its_own_version(self, swapped: Log) -> None:
        one_more(swapped)
        assert made_by_v3() == (31, 31)
        assert made_by_v3("read_retired") == (31, 0)
        assert drifts() == []

    def test_goes_back_and_forward_again(self, swapped: Log) -> None:
        one_more(swapped)
        projections("rebuild", "orders", "--rollback")
        assert versions() == {"orders": {2}, "orders.retired": {3}}
        one_more(swapped)
        assert made_by_v3() == (32, 0)
        assert made_by_v3("read_retired") == (32, 32)
        projections("rebuild", "orders", "--rollback")
        one_more(swapped)
        assert made_by_v3() == (33, 33)
        assert drifts() == []

    def test_rebuilds_version_2_equal_after_going_back_and_forward(self, swapped: Log) -> None:
        roll_back(V3)
        one_more(swapped)
        roll_back(V3)
        one_more(swapped)
        assert rebuild(V3, silent).is_equal

    def test_finds_the_consumer_of_each_set_of_tables(self, swapped: Log) -> None:
        found = stored_consumers([V3])
        assert {name: each.version for name, each in found.items()} == {
            "orders": 3,
            "orders.retired": 2,
        }
        with older_build():
            assert list(stored_consumers([V2])) == ["orders.retired"]

    def test_is_caught_up_with_the_retired_tables_of_version_1(self, swapped: Log) -> None:
        swapped.order(swapped.customer("Late"))
        swapped.published()
        projections("run", "--until-caught-up")
        assert positions() == positions("orders.retired") == {max(positions())}


class TestABuildWithoutTheServingVersion:
    @pytest.fixture(autouse=True)
    def _build(self, swapped: Log) -> Iterator[None]:
        with older_build():
            yield

    def test_moves_nothing_of_it_and_follows_its_own(self, swapped: Log) -> None:
        before = positions()
        one_more(swapped)
        assert positions() == before
        assert made_by_v3() == (30, 30)
        assert made_by_v3("read_retired") == (31, 0)
        assert positions("customers") == positions("orders.retired") != before

    def test_claims_no_partition_that_it_cannot_fold(self, swapped: Log) -> None:
        """Else a build that can would find all of them taken, again and again."""
        held: list[int] = []
        claim = runner.partitions.issue_claim

        def watched(*arguments: Any) -> Any:
            cursor = claim(*arguments)
            with connections["replica"].copy().cursor() as other:
                other.execute(
                    "SELECT id FROM cqrs_projections_checkpoint WHERE consumer = 'orders'"
                    " FOR UPDATE SKIP LOCKED"
                )
                held.append(4 - len(other.fetchall()))
                other.connection.close()
            return cursor

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runner.partitions, "issue_claim", watched)
            one_more(swapped)
        assert set(held) == {0}

    def test_says_so_instead_of_waiting_to_be_caught_up(self, swapped: Log) -> None:
        swapped.order(swapped.customer("Late"))
        swapped.published()
        with pytest.raises(CommandError, match="The tables of orders are of version 3, which this"):
            projections("run", "--until-caught-up")
        projections("run", "customers", "--until-caught-up")

    def test_is_caught_up_when_another_build_has_done_it(self, swapped: Log) -> None:
        swapped.order(swapped.customer("Late"))
        with build_of_both():
            swapped.published()
            project()
        projections("run", "--until-caught-up")

    def test_says_so_instead_of_verifying(self) -> None:
        said, stop = io.StringIO(), threading.Event()
        drifts, complaints = verify_each(
            PROJECTIONS, Console(file=said), stop, parts=1, repair=False
        )
        assert complaints == [THE_OTHER_BUILD]
        assert list(drifts.values()) == [[]] * 5
        assert said.getvalue().count("agrees with the event log") == 5

    def test_verifies_the_other_projections_every_night(
        self,
    ) -> None:
        with capture_logs() as logs:
            verify_sample()
        said = [(log["event"], log["projection"]) for log in logs if "projection" in log]
        assert said[0] == ("sample_not_verified", "orders")
        assert [event for event, _ in said[1:]] == ["sample_verified"] * 5

    def test_does_not_rebuild_backwards(self) -> None:
        with pytest.raises(RebuildError, match="of version 3, newer than version 2 of this build"):
            rebuild(V2, silent, accept_changes=True)
        assert versions() == {"orders": {3}, "orders.retired": {2}}

    def test_goes_back_by_itself_although_version_2_stands_still(self, swapped: Log) -> None:
        one_more(swapped)
        projections("rebuild", "orders", "--rollback")
        assert versions() == {"orders": {2}, "orders.retired": {3}}
        one_more(swapped)
        assert made_by_v3() == (32, 0)
        assert made_by_v3("read_retired") == (30, 30)
        with build_of_both():
            project()
            assert made_by_v3("read_retired") == (32, 32)
            roll_back(V3)
            assert drifts() == []

    def test_names_the_other_build_when_the_retired_tables_need_it(self, swapped: Log) -> None:
        roll_back(V2)
        with pytest.raises(CommandError, match=r"orders\.retired are of version 3, which this"):
            projections("rebuild", "orders", "--rollback")
        one_more(swapped)
        projections("run", "--until-caught-up")

    def test_is_checked_with_a_hint_that_fits(self) -> None:
        [warning] = projections_are_current(["replica"])
        assert warning.id == "cqrs.W001"
        assert warning.hint == (
            "this build is older: run the newer one, or `projections rebuild --rollback`"
        )

    def test_repartitions_nothing(self) -> None:
        with pytest.raises(CommandError, match="The tables of orders are of version 3"):
            projections("repartition", "orders", "--partitions", "2")


class TestABuildThatIsNewerThanTheServingVersion:
    def test_rebuilds_while_the_serving_tables_stand_still(self, log: Log) -> None:
        before = positions()
        with newer_build():
            log.order(log.customer("Late"))
            log.published()
            project()
            assert positions() == before
            rebuild(V3, silent, accept_changes=True)
            assert positions() == positions("orders.retired") == before
            one_more(log)
            assert made_by_v3() == (32, 32)
            assert made_by_v3("read_retired") == (30, 0)
            projections("run", "--until-caught-up")
            assert drifts() == []
        assert code_of("orders", 3) is None
        roll_back(V2)
        one_more(log)
        assert made_by_v3() == (33, 0)
