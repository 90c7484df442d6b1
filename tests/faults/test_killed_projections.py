"""`projections run` killed at random moments, over and over, ends where an undisturbed one does."""

import random
import subprocess
import sys
import time
from collections.abc import Iterable

import pytest

from tests.desk import FULL_COUNTS, REPOSITORY, Desk
from tests.sides import assert_agree, is_level

KILLS = 60 if FULL_COUNTS else 3
LIVES_S = (0.05, 0.5)  # from its first batch on
# Small batches: the more commits, the more moments at which a kill can hurt.
RUN = """
import sys
sys.path.insert(0, sys.argv[1])
from config.wsgi import application
from django.core.management import call_command
from readmodels.projections import runner
runner.batch = 3
call_command("projections", "run")
"""
READ_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'read\\_%'
ORDER BY 1
"""


def read_side(desk: Desk) -> dict[str, list[str]]:
    """Return every row of every read table as JSON; of checkpoints what does not tell the time."""
    found = {}
    for (table,) in desk.sql("replica", READ_TABLES):
        rows = f"SELECT to_jsonb({table}) AS row FROM {table}"
        if table == "read_checkpoints":
            rows = f"SELECT to_jsonb({table}) - 'id' - 'updated_at' AS row FROM {table}"
        found[table] = sorted(str(row) for (row,) in desk.sql("replica", rows))
    return found


def positions(desk: Desk) -> int:
    return desk.sql("replica", "SELECT coalesce(sum(position), 0) FROM read_checkpoints")[0][0]


def run_and_kill(desk: Desk, life_s: float) -> None:
    before = positions(desk)
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(REPOSITORY)],
        env=desk.environment_of_commands(),
        cwd=desk.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while positions(desk) == before:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(life_s)
    process.kill()
    process.wait(30)


@pytest.mark.timeout(1_200 if FULL_COUNTS else 120)
class TestKilledProjections:
    def test_end_as_undisturbed_ones(self, desk: Desk):
        catch_up(desk)
        desk.stop()
        undisturbed = read_side(desk)

        rng = random.Random(7)
        begin_anew(desk, undisturbed)
        for _ in range(KILLS):
            if is_level(desk):
                assert read_side(desk) == undisturbed
                begin_anew(desk, undisturbed)
            before = positions(desk)
            run_and_kill(desk, rng.uniform(*LIVES_S))
            assert positions(desk) > before

        catch_up(desk)
        assert read_side(desk) == undisturbed
        assert_agree(desk)


def catch_up(desk: Desk) -> None:
    assert desk.run("projections", "run", "--until-caught-up")[0] == 0
    assert is_level(desk)


def begin_anew(desk: Desk, tables: Iterable[str]) -> None:
    desk.execute("replica", f"TRUNCATE {', '.join(tables)}")
