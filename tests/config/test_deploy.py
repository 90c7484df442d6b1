"""Behind HTTPS, Django's own deployment check has nothing to say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LONG = "3q7dY0v-Zb1xKp5mWc9sTn2fJr8hGe4uLa6iQo7yVk3wXz0BtE"
REPOSITORY = Path(__file__).resolve().parents[2]


def checked(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Check in the tests' environment."""
    return checked_alone(folder, **{**os.environ, **environment})


def checked_alone(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, REPOSITORY / "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={**environment, "LOCAL_DIR": str(folder), "HTTPS": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestCheckDeploy:
    @pytest.mark.parametrize("key", ["", LONG])
    def test_is_clean(self, tmp_path: Path, key: str):
        done = checked(tmp_path, SECRET_KEY=key)
        assert (done.returncode, done.stderr) == (0, "")
        assert "no issues" in done.stdout

    def test_is_clean_where_nothing_else_is_set(self, local: Path):
        done = checked_alone(local, PATH=os.environ["PATH"])
        assert (done.returncode, done.stderr) == (0, "")
        assert "no issues" in done.stdout

    @pytest.mark.parametrize("key", ["x" * 60, LONG[:32], "short"])
    @pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_FALLBACKS"])
    def test_refuses_a_key_that_can_be_guessed(self, tmp_path: Path, name: str, key: str):
        done = checked(tmp_path, **{name: key})
        assert done.returncode == 1
        assert f"{name}: with HTTPS=1 it needs 50 random characters or more" in done.stderr
        assert key not in done.stdout + done.stderr

    def test_replaces_the_short_key_of_an_earlier_version(self, tmp_path: Path):
        (tmp_path / "secret_key").write_text("s3cret-of-32-characters-abcdefgh")
        assert checked(tmp_path).returncode == 0
        stored = tmp_path / "secret_key"
        assert len(stored.read_text()) == 64
        assert stored.stat().st_mode & 0o777 == 0o600
