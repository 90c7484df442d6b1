"""Workers killed at random moments, over and over, end where an undisturbed one does."""

import random
import time
from collections.abc import Iterable

import psycopg
import pytest

from readmodels.projections import PROJECTIONS
from tests.faults.launcher import Launcher
from tests.support.desk import FULL_COUNTS, Desk
from tests.support.sides import assert_agree, is_level

KILLS = 200 if FULL_COUNTS else 6
WORKERS = 2
LIVES_S = (0.02, 0.4)
READ_TABLES = """
SELECT tablename FROM pg_tables
WHERE schemaname = 'public' AND tablename SIMILAR TO '(read|cqrs_projections)\\_%'
AND tablename <> 'cqrs_projections_verification' ORDER BY 1
"""
IN_A_BATCH = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND application_name = %s AND xact_start IS NOT NULL
"""


def read_side(desk: Desk) -> dict[str, list[str]]:
    """Return every row of every read table as JSON; of checkpoints what does not tell the time.

    Without the results of verifications, which are no part of the read side.
    """
    found = {}
    for (table,) in desk.sql("replica", READ_TABLES):
        times = (
            " - '{id,updated_at,caught_up_at}'::text[]"
            if table == "cqrs_projections_checkpoint"
            else ""
        )
        rows = f"SELECT to_jsonb({table}){times} FROM {table}"
        found[table] = sorted(str(row) for (row,) in desk.sql("replica", rows))
    return found


@pytest.mark.timeout(2_400 if FULL_COUNTS else 300)
class TestKilledProjections:
    def test_end_as_undisturbed_ones_and_as_a_rebuild(self, desk: Desk):
        desk.stop()
        assert desk.run("projections", "run", "--until-caught-up")[0] == 0
        undisturbed = read_side(desk)
        assert len(undisturbed["cqrs_projections_checkpoint"]) == sum(
            each.partitions for each in PROJECTIONS
        )

        begin_anew(desk, undisturbed)
        with (
            Launcher(desk) as launcher,
            psycopg.connect(desk.database_url("replica"), autocommit=True) as watch,
        ):
            rng, kills = random.Random(7), 0
            while kills < KILLS:
                while len(launcher.pids) < WORKERS:
                    launcher.start()
                time.sleep(rng.uniform(*LIVES_S))
                victim = rng.randrange(WORKERS)
                if is_in_a_batch(watch, launcher.pids[victim]):
                    launcher.kill(victim)
                    kills += 1
                elif is_level(desk):
                    launcher.kill_all()
                    assert read_side(desk) == undisturbed
                    begin_anew(desk, undisturbed)

        assert desk.run("projections", "run", "--until-caught-up")[0] == 0
        assert read_side(desk) == undisturbed
        assert_agree(desk)
        code, said, failed = desk.run("projections", "rebuild", "--all")
        assert code == 0, said + failed  # it swaps tables of one version only if they are equal
        assert desk.run("projections", "rebuild", "--all", "--discard")[0] == 0
        assert read_side(desk) == undisturbed


def is_in_a_batch(watch: psycopg.Connection, pid: int) -> bool:
    """Return as soon as the worker has a transaction open; False if it has nothing to do."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if watch.execute(IN_A_BATCH, [f"worker {pid}"]).rowcount:
            return True
    return False


def begin_anew(desk: Desk, tables: Iterable[str]) -> None:
    """Empty the tables, except of the log's epoch: it is not what projections have applied."""
    emptied = [table for table in tables if table != "cqrs_projections_logepoch"]
    desk.execute("replica", f"TRUNCATE {', '.join(emptied)}")
