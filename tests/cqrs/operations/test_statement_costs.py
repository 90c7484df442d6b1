"""What the planner expects of the statements of each sweep: it compiles dear ones for a second."""

from typing import Any

import pytest
from django.db import connection

from cqrs.event_log import sequencer
from cqrs.reactions import handover

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
JIT_ABOVE_COST = 100_000
HAND_OVER = {
    "names": "{one,two,three,four}",
    "types": "{a,b,c,d}",
    "transactional": "{f,f,f,f}",
    "window": handover.WINDOW,
}


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [(sequencer._MOVE, [sequencer.BATCH]), (sequencer._HEAD, []), (handover._HAND_OVER, HAND_OVER)],
    ids=["move", "head", "hand-over"],
)
def test_a_statement_of_each_sweep_is_cheap_on_tables_that_were_never_analyzed(
    statement: str, parameters: Any
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        [[found]] = cursor.fetchall()
    assert found[0]["Plan"]["Total Cost"] < JIT_ABOVE_COST / 10
