"""Workers, beat and sweeps are known to live by what they write."""

from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.test import Client
from structlog.testing import capture_logs

from config.monitoring import health
from cqrs.models import Heartbeat
from cqrs.operations import heartbeats, metrics
from cqrs.operations.heartbeats import BEAT, WORKER, Heart, swept
from readmodels.tasks import project
from tests.support.desk import WAIT_S, wait_for
from tests.support.kernel_settings import cqrs
from tests.support.waiting import BOTH

pytestmark = pytest.mark.django_db(databases=BOTH, transaction=True)
EVERY_S = 0.02


@pytest.fixture
def heart() -> Iterator[Heart]:
    heart = Heart(EVERY_S)
    yield heart
    stop(heart)


def stop(heart: Heart) -> None:
    """Stop it, and wait for its thread, which can be in the middle of a beat."""
    heart._every_s = WAIT_S
    heart.stop()


@pytest.fixture(autouse=True)
def _not_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "_swept_at", {})


@pytest.fixture(autouse=True)
def _close_probes() -> Iterator[None]:
    yield
    for probe in health.PROBES.values():
        probe._pool.submit(connections.close_all).result()


def signs() -> set[tuple[str, str, str]]:
    return set(Heartbeat.objects.values_list("kind", "queue", "name"))


def gauges(name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in metrics.registry().collect()
        for sample in family.samples
        if sample.name == name
    }


def make_late() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cqrs_heartbeat SET beat_at = beat_at - interval '36 seconds'")


class TestHeart:
    def test_gives_a_sign_for_each_queue_again_and_again(self, heart: Heart):
        heart.start(WORKER, "worker@here", "projections", "reactions")
        heart.start(BEAT, "here:1")
        expected = {
            (WORKER, "projections", "worker@here"),
            (WORKER, "reactions", "worker@here"),
            (BEAT, "", "here:1"),
        }
        wait_for(lambda: signs() == expected)
        first = Heartbeat.objects.get(kind=BEAT)
        wait_for(lambda: Heartbeat.objects.get(kind=BEAT).beat_at > first.beat_at)
        assert Heartbeat.objects.get(kind=BEAT).started_at == first.started_at

    def test_takes_its_signs_away_when_it_is_stopped(self, heart: Heart):
        heart.start(WORKER, "worker@here", "projections")
        wait_for(lambda: bool(signs()))
        stop(heart)
        assert signs() == set()

    def test_forgets_what_has_been_silent_for_an_hour(self, heart: Heart):
        Heartbeat.objects.create(kind=WORKER, queue="projections", name="gone")
        Heartbeat.objects.create(kind=WORKER, queue="projections", name="late")
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE cqrs_heartbeat SET beat_at = beat_at - interval '61 minutes'"
                " WHERE name = 'gone'"
            )
        heart.start(BEAT, "here:1")
        wait_for(lambda: (BEAT, "", "here:1") in signs())
        assert signs() == {(WORKER, "projections", "late"), (BEAT, "", "here:1")}

    def test_outlives_an_outage_and_logs_it_once(self, heart: Heart):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE cqrs_heartbeat RENAME TO cqrs_heartbeat_away")
        try:
            with capture_logs() as logs:
                for _ in range(3):
                    heart._signs = {heartbeats.Sign(BEAT, "", "here:1")}
                    heart._write(heartbeats._BEAT)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE cqrs_heartbeat_away RENAME TO cqrs_heartbeat")
        lost = [log["reason"] for log in logs if log["event"] == "heartbeat_lost"]
        assert lost == ["UndefinedTable"]
        heart._write(heartbeats._BEAT)
        assert signs() == {(BEAT, "", "here:1")}


class TestSweep:
    def test_gives_its_sign_at_its_end_and_at_most_every_ten_seconds(self):
        project()
        assert signs() == {("sweep", "projections", "")}
        Heartbeat.objects.all().delete()
        swept("projections")
        assert signs() == set()
        swept("reactions")
        assert signs() == {("sweep", "reactions", "")}


class TestMetrics:
    def test_are_zero_for_what_must_live_and_does_not(self):
        Heartbeat.objects.create(kind=WORKER, queue="projections", name="one@here")
        Heartbeat.objects.create(kind=WORKER, queue="projections", name="two@here")
        expected = {
            (BEAT, ""): 0,
            (WORKER, "projections"): 2,
            (WORKER, "reactions"): 0,
            ("sweep", "projections"): 0,
            ("sweep", "reactions"): 0,
        }
        assert gauges("cqrs_heartbeats") == expected
        make_late()
        assert gauges("cqrs_heartbeats") == {**expected, (WORKER, "projections"): 0}
        at = Heartbeat.objects.get(name="one@here").beat_at.timestamp()
        found = gauges("cqrs_heartbeat_timestamp_seconds")
        assert found[WORKER, "projections", "one@here"] == pytest.approx(at, abs=0.001)

    def test_say_nothing_of_workers_while_the_database_takes_no_writes(self):
        Heartbeat.objects.create(kind=WORKER, queue="projections", name="one@here")
        assert gauges("cqrs_write_database_writable") == {(): 1}
        make_late()
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
            try:
                assert gauges("cqrs_write_database_writable") == {(): 0}
                assert gauges("cqrs_heartbeats") == {}
            finally:
                cursor.execute("RESET default_transaction_read_only")

    def test_expect_nothing_without_queues(self):
        with cqrs(QUEUES=()):
            assert gauges("cqrs_heartbeats") == {}


class TestReadiness:
    def test_says_who_was_heard_and_is_no_other_for_it(self, client: Client):
        nothing = client.get("/health/ready").json()
        assert (nothing["workers"], nothing["beat"], nothing["sweep"]) == ({}, None, {})
        Heartbeat.objects.create(kind=WORKER, queue="projections", name="one@here")
        Heartbeat.objects.create(kind=BEAT, queue="", name="here:1")
        Heartbeat.objects.create(kind="sweep", queue="projections", name="")
        make_late()
        Heartbeat.objects.create(kind=WORKER, queue="projections", name="two@here")
        Heartbeat.objects.create(kind=WORKER, queue="projections", name="three@here")
        answer = client.get("/health/ready")
        found = answer.json()
        assert (answer.status_code, found["status"]) == (200, nothing["status"])
        assert list(found["workers"]) == ["projections"]
        assert found["workers"]["projections"]["alive"] == 2
        assert 0 <= found["workers"]["projections"]["last_heard_s"] < 30
        assert "@here" not in answer.text
        assert 36 <= found["beat"] < 60
        assert 36 <= found["sweep"]["projections"] < 60
