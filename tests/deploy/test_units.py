"""The supervisor, systemd and Compose run the same processes."""

import re
from configparser import RawConfigParser
from pathlib import Path

import pytest
from django.conf import settings

from config.serve.webserver import STOP_S
from tests.deploy.compose_file import services

DEPLOY = Path(settings.BASE_DIR) / "deploy"
PROGRAMS = {"projections": "worker", "reactions": "reactions", "beat": "beat"}
UNITS = {**PROGRAMS, "web": "web", "cdc": "cdc"}
# In a container the number of cores is the machine's.
CONTAINERS_OWN = re.compile(r"( -Q projections) --concurrency \d+")
CELERY = " -m celery "


def supervised(program: str) -> dict[str, str]:
    config = RawConfigParser(inline_comment_prefixes=(" ;",))
    config.read(DEPLOY / "supervisord.conf")
    return dict(config[f"program:{program}"])


def unit(program: str) -> dict[str, str]:
    found = RawConfigParser()
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(DEPLOY / "systemd" / f"order-desk-{program}.service")
    return dict(found["Service"])


def to_celery(command: str) -> str:
    """Return what a command gives to Celery."""
    return " ".join(command.split(CELERY)[1].split())


class TestUnits:
    @pytest.mark.parametrize("program", PROGRAMS)
    def test_run_what_the_supervisor_runs(self, program: str) -> None:
        assert to_celery(unit(program)["ExecStart"]) == to_celery(supervised(program)["command"])

    @pytest.mark.parametrize("program", UNITS)
    def test_run_what_the_containers_run(self, program: str) -> None:
        command = " ".join(services()[UNITS[program]].command)
        command = CONTAINERS_OWN.sub(r"\1", command).removeprefix("python ").replace("%", "%%")
        assert unit(program)["ExecStart"] == f"/srv/order-desk/.venv/bin/python {command}"

    @pytest.mark.parametrize("program", UNITS)
    def test_may_write_their_own_folder_alone(self, program: str) -> None:
        given = unit(program)
        assert given["Environment"] == "LOCAL_DIR=/var/lib/order-desk"
        assert (given["StateDirectory"], given["ProtectSystem"]) == ("order-desk", "strict")


class TestTimeToStop:
    @pytest.mark.parametrize("program", PROGRAMS)
    def test_is_at_least_the_supervisors_everywhere(self, program: str) -> None:
        least = float(supervised(program)["stopwaitsecs"])
        assert float(unit(program)["TimeoutStopSec"]) >= least
        assert services()[PROGRAMS[program]].grace_s >= least

    def test_is_longer_than_the_web_server_waits_for_requests(self) -> None:
        assert float(unit("web")["TimeoutStopSec"]) > STOP_S
        assert services()["web"].grace_s > STOP_S


class TestQueues:
    def test_have_a_worker_each(self) -> None:
        routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
        for queue in routed | {settings.CELERY_TASK_DEFAULT_QUEUE}:
            assert f" -Q {queue} " in supervised(queue)["command"].replace("\n", " ")
