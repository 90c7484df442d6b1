"""A read table that is locked stops its own projection and no other, with real workers."""

import httpx
import psycopg

from readmodels.projections import PROJECTIONS
from tests.faults.launcher import Launcher
from tests.support.desk import Desk, order_body, registered, wait_for
from tests.support.sides import CHECKPOINTS, EVENTS, assert_agree, is_level

OTHERS = {each.name for each in PROJECTIONS} - {"orders"}
HEAD = "SELECT position FROM cqrs_feedhead"
PARKED = "SELECT count(*) FROM cqrs_projections_parkedevent"


def others_are_level(desk: Desk, events: int) -> bool:
    positions = dict(desk.sql("replica", CHECKPOINTS))
    return all(positions[name] == events for name in OTHERS)


class TestLockedTable:
    def test_stops_its_projection_alone_until_it_is_free(self, desk: Desk):
        with desk.client() as client:
            buyer = registered(client, "locked@example.com")
            wait_for(lambda: is_level(desk))
            with (
                Launcher(desk, near=500) as launcher,
                psycopg.connect(desk.database_url("replica")) as stranger,
            ):
                launcher.start()
                launcher.start()
                stranger.execute("LOCK TABLE read_orders IN ACCESS EXCLUSIVE MODE")
                for _ in range(3):
                    self.place(client, buyer)
                    events = desk.sql("default", EVENTS)[0][0]
                    wait_for(lambda events=events: others_are_level(desk, events))
                    assert desk.sql("default", HEAD) == [(events,)]
                    assert dict(desk.sql("replica", CHECKPOINTS))["orders"] < events
                    assert desk.sql("replica", PARKED) == [(0,)]
                stranger.rollback()
                wait_for(lambda: is_level(desk))
        assert desk.sql("replica", PARKED) == [(0,)]
        assert_agree(desk)

    @staticmethod
    def place(client: httpx.Client, buyer: str) -> None:
        answer = client.post("/api/orders", json=order_body(buyer))
        assert answer.status_code == 201, answer.text
