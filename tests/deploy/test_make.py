"""`make up` and `make down` call Compose, with the secrets made before."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.compose_file import REPOSITORY, compose

# Docker is on no machine that runs these tests: this one notes what it is asked for.
DOCKER = '#!/bin/sh\necho "$@" >>"$CALLS"\nls .local/secrets >>"$CALLS"\n'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with what the two targets need."""
    for name in ("Makefile", "docker-compose.yml", "deploy/secrets.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(REPOSITORY / name)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    return tmp_path


def make(clone: Path, target: str, **environment: str) -> str:
    calls = clone / "calls"
    calls.unlink(missing_ok=True)
    path = f"{clone / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["make", target],
        cwd=clone,
        env={"PATH": path, "CALLS": str(calls), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def called(clone: Path) -> list[str]:
    return (clone / "calls").read_text().splitlines()


class TestMake:
    def test_up_makes_the_secrets_first_and_says_where_the_desk_is(self, clone: Path) -> None:
        said = make(clone, "up", PORT="8080")
        assert said.startswith("http://127.0.0.1:8080 ")
        command, *secrets = called(clone)
        assert command == "compose up --detach --build --remove-orphans"
        assert set(compose()["secrets"]) <= set(secrets)

    def test_down_takes_the_services_of_all_profiles_along(self, clone: Path) -> None:
        make(clone, "up")
        make(clone, "down")
        assert called(clone)[0] == "compose --profile cdc --profile observability down"
