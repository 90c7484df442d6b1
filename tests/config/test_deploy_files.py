"""The files in deploy/ agree with each other and with the settings."""

from configparser import RawConfigParser
from pathlib import Path

import pytest
from django.conf import settings

DEPLOY = Path(settings.BASE_DIR) / "deploy"
PROGRAMS = ("projections", "reactions", "beat")
CELERY = " -m celery "


def supervised(program: str) -> str:
    """Return what the supervisor gives to Celery."""
    config = RawConfigParser(inline_comment_prefixes=(" ;",))
    config.read(DEPLOY / "supervisord.conf")
    return " ".join(config[f"program:{program}"]["command"].split(CELERY)[1].split())


def by_systemd(program: str) -> str:
    unit = RawConfigParser()
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "systemd" / f"order-desk-{program}.service")
    return unit["Service"]["ExecStart"].split(CELERY)[1]


class TestUnits:
    @pytest.mark.parametrize("program", PROGRAMS)
    def test_run_what_the_supervisor_runs(self, program: str) -> None:
        assert by_systemd(program) == supervised(program)


class TestQueues:
    def test_have_a_worker_each(self) -> None:
        routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
        for queue in routed | {settings.CELERY_TASK_DEFAULT_QUEUE}:
            assert f"-Q {queue} " in supervised(queue)
