"""The workers beside the web process."""

from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from django.conf import settings

from config.celery import app
from config.serve import inprocess
from cqrs.reactions.registry import reactions


class TestWorkers:
    @pytest.fixture
    def made(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []

        def controller(**options: Any) -> SimpleNamespace:
            made.append(options)
            return SimpleNamespace(start=lambda: None)

        monkeypatch.setattr(inprocess, "WorkController", controller)
        inprocess._project()
        inprocess._react()
        return made

    def test_consume_a_queue_each_in_threads(self, made: list[dict[str, Any]]) -> None:
        assert [each["queues"] for each in made] == [["projections"], ["reactions"]]
        assert {each["pool"] for each in made} == {"threads"}

    def test_can_run_every_reaction_and_start_them(self, made: list[dict[str, Any]]) -> None:
        assert [each["concurrency"] for each in made] == [2, len(reactions()) + 1]

    def test_know_the_same_tasks_over_the_same_broker(self, made: list[dict[str, Any]]) -> None:
        first, second = (each["app"] for each in made)
        assert first is not second
        for each in (first, second):
            assert set(each.tasks) == set(app.tasks)
            assert each.conf.broker_url == settings.CELERY_BROKER_URL


class TestQueues:
    def test_of_reactions_are_consumed_on_request_alone(self) -> None:
        """A worker without -Q consumes the default queue, and must not hang with a reaction."""
        fresh = Celery("fresh", set_as_current=False)  # routing adds the queues that it finds
        fresh.config_from_object("django.conf:settings", namespace="CELERY")
        assert list(fresh.amqp.queues) == ["projections"]
        for name in ("cqrs.tasks.react", "cqrs.tasks.run_reaction"):
            assert app.amqp.router.route({}, name)["queue"].name == "reactions"
        for name in ("readmodels.tasks.project", "readmodels.tasks.verify_sample",
                     "cqrs.tasks.expire_idempotent_answers"):  # fmt: skip
            assert app.amqp.router.route({}, name)["queue"].name == "projections"
