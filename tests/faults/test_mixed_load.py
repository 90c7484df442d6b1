"""One disturbance after the other under a steady load: the rest goes on."""

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import httpx
import psutil
import pytest

from cqrs.messaging.ids import uuid7
from tests.faults import mixed_load
from tests.faults.conftest import OutageDesk
from tests.faults.mixed_load import MixedLoad
from tests.support.desk import FULL_COUNTS, Desk, registered, wait_for
from tests.support.sides import assert_agree, is_level

PHASE_S = 38 if FULL_COUNTS else 0
ANSWERS = 50  # of each kind that must be answered, in each phase
EVERYTHING = ("read", "write")
Disturbance = Callable[[], AbstractContextManager[object]]


def processes(server: object) -> list[int]:
    """Return the pids of a PostgreSQL server: what has no backend cannot answer either."""
    root = psutil.Process(server.process.pid)
    return [root.pid, *(child.pid for child in root.children(recursive=True))]


class TestMixedLoad:
    @pytest.fixture
    def outage(self, any_outage_desk: OutageDesk) -> OutageDesk:
        """Let logins cost what they cost."""
        any_outage_desk.heal(DJANGO_SETTINGS_MODULE="config.settings")
        return any_outage_desk

    def test_is_answered_beside_every_disturbance(self, outage: OutageDesk, desk: Desk) -> None:
        with desk.client() as client:
            customer, held = (registered(client, f"{uuid7()}@example.com") for _ in range(2))
        disturbances: dict[str, tuple[Disturbance, tuple[str, ...]]] = {
            "quiet": (nullcontext, EVERYTHING),
            "slow bodies": (lambda: mixed_load.slow_bodies(desk), EVERYTHING),
            "slow readers": (lambda: mixed_load.slow_readers(desk), EVERYTHING),
            "held customer": (lambda: mixed_load.held_customer(desk, held), EVERYTHING),
            "write side hangs": (lambda: mixed_load.stopped(*processes(outage.write)), ("read",)),
            "read side hangs": (lambda: mixed_load.stopped(*processes(outage.read)), ("write",)),
            "Redis hangs": (lambda: mixed_load.stopped(outage.redis.process.pid), EVERYTHING),
            "logins": (lambda: mixed_load.logins(desk), EVERYTHING),
        }
        with MixedLoad(desk, customer) as load:
            wait_for(lambda: len(load.placed) > 20)
            wait_for(lambda: set(load.placed[:5]) <= read_orders(desk))
            load.projected = load.placed[:5]
            for name, (disturbance, kinds) in disturbances.items():
                with disturbance():
                    load.phase = name
                    time.sleep(PHASE_S)
                    wait_for(lambda name=name, kinds=kinds: load.has(ANSWERS, name, *kinds))
                load.phase = "between"
                wait_for(lambda: is_well(desk, load.bearer))
        for name, (_, kinds) in disturbances.items():
            figures = {kind: f"{load.p99_ms(name, kind):.0f}" for kind in (*kinds, "live")}
            sys.stdout.write(f"{name}: p99 in ms {figures}, {load.codes(name)}\n")
        for name, (_, kinds) in disturbances.items():
            for answer in load.of(name, *kinds, "live"):
                assert answer.status in (200, 201), (name, answer)
            if FULL_COUNTS:
                for kind in kinds:
                    assert load.p99_ms(name, kind) <= 3 * load.p99_ms("quiet", kind), (name, kind)
                assert load.p99_ms(name, "live") < 100, name
        wait_for(lambda: is_level(desk))
        assert_agree(desk)
        assert set(load.placed) <= read_orders(desk)


def read_orders(desk: Desk) -> set[str]:
    return {row[0] for row in desk.sql("replica", "SELECT id::text FROM read_orders")}


def is_well(desk: Desk, bearer: dict[str, str]) -> bool:
    """Say whether both sides answer again."""
    body = {"name": "A", "email": f"{uuid7()}@example.com"}
    with httpx.Client(base_url=desk.url, headers=bearer, timeout=30) as client:
        answer = client.post("/api/customers", json=body, headers={"Prefer": "wait=1"})
    return "Preference-Applied" in answer.headers
