"""`manage.py settings_report`, in the environment of a server of one's own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

NOWHERE = "postgresql://desk:s3kr1t@127.0.0.1:1/none"
GIVEN = {
    "DATABASE_URL": NOWHERE,
    "REPLICA_DATABASE_URL": NOWHERE,
    "LOCK_WAITERS": "3",
    "THROTTLE_READS": "1/min",
}


def reported(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    (folder / "token").write_text("s3kr1t token\n")
    own = {"LOCAL_DIR": str(folder), "METRICS_TOKEN_FILE": str(folder / "token")}
    return subprocess.run(
        [sys.executable, Path(settings.BASE_DIR) / "manage.py", "settings_report", *arguments],
        env={"PATH": os.environ["PATH"], **GIVEN, **own, **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("local")


@pytest.fixture(scope="module")
def answer(folder: Path) -> subprocess.CompletedProcess[str]:
    return reported(folder, "--json")


class TestReport:
    def test_says_the_value_of_each_and_where_it_comes_from(
        self, folder: Path, answer: subprocess.CompletedProcess[str]
    ):
        assert answer.returncode == 0
        found = {each["name"]: each for each in json.loads(answer.stdout)["settings"]}
        expected = {
            "DATABASE_URL": ("postgresql://desk:********@127.0.0.1:1/none", "environment"),
            "LOCK_WAITERS": ("3", "environment"),
            "LOCK_TIMEOUT_MS": ("2000", "default"),
            "METRICS_TOKEN": ("********", "file"),
            "SECRET_KEY": ("random, stored in LOCAL_DIR", ".local"),
            "LOCAL_DIR": (str(folder), "environment"),
            "PORT": ("8000", "default"),
        }
        shown = {name: (found[name]["value"], found[name]["source"]) for name in expected}
        assert shown == expected
        assert found["LOCK_WAITERS"]["default"] == "2"
        assert found["LOCK_WAITERS"]["section"] == "The kernel"
        assert "s3kr1t" not in answer.stdout

    def test_points_at_what_looks_misspelt(self, answer: subprocess.CompletedProcess[str]):
        assert json.loads(answer.stdout)["misspelt"] == {"THROTTLE_READS": "THROTTLE_READ"}

    def test_is_a_table(self, folder: Path):
        lines = reported(folder).stdout.splitlines()
        assert "LOCK_WAITERS 3 environment" in [" ".join(line.split()) for line in lines]
        assert lines[-1] == "THROTTLE_READS is no setting: is THROTTLE_READ meant?"

    def test_fails_by_the_name_of_what_cannot_be_read(self, folder: Path):
        answer = reported(folder, METRICS_TOKEN="s3kr1t token")
        assert answer.returncode == 1
        assert "METRICS_TOKEN and METRICS_TOKEN_FILE: set one of the two" in answer.stderr
        assert "s3kr1t" not in answer.stderr


class TestPage:
    def test_does_not_depend_on_the_environment(self, folder: Path):
        page = Path(settings.BASE_DIR) / "docs/settings.md"
        assert reported(folder, "--docs").stdout == page.read_text()
