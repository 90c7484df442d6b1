"""The image: what is in it, as whom it runs, and what a linter says of the Dockerfile."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.serve import healthcheck
from tests.deploy.compose_file import DOCKERFILE, from_dockerfile, image_environment
from tests.deploy.image import allowed, copy_of_code

STAGES = DOCKERFILE.read_text().replace("\\\n", " ").split("\nFROM ")[1:]
LAST = STAGES[-1]


class TestDockerfile:
    def test_satisfies_the_linter(self) -> None:
        done = subprocess.run(
            [Path(sys.executable).parent / "hadolint", DOCKERFILE],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "")

    def test_runs_as_an_account_without_rights_by_number(self) -> None:
        assert re.findall(r"^USER (.*)$", LAST, re.M) == ["10001:10001"]

    def test_begins_with_one_slim_image_of_an_exact_version(self) -> None:
        images = {stage.split()[0] for stage in STAGES}
        assert len(STAGES) == 2
        assert len(images) == 1
        assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+", images.pop())

    def test_installs_what_is_locked_by_its_hash(self) -> None:
        assert "--no-deps --no-compile --require-hashes" in STAGES[0]
        assert "pip" not in LAST

    def test_starts_without_a_shell(self) -> None:
        assert from_dockerfile("CMD") == ["python", "manage.py", "web"]
        assert from_dockerfile("HEALTHCHECK") == ["python", "-m", healthcheck.__name__]

    def test_has_no_secret(self) -> None:
        assert not re.search(r"PASSWORD|SECRET|TOKEN|_URL", DOCKERFILE.read_text())
        assert set(image_environment()) == {
            "PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "LOCAL_DIR", "HOST", "PORT"
        }  # fmt: skip


class TestContext:
    def test_leaves_out_what_is_not_code(self) -> None:
        assert not {"tests", "benchmarks", ".git", ".local", ".venv", "deploy"} & set(allowed())

    def test_has_all_that_the_code_needs(self, tmp_path: Path) -> None:
        code = copy_of_code(tmp_path / "code")
        nowhere = "postgresql://none@127.0.0.1:1/none"
        done = subprocess.run(
            [sys.executable, "manage.py", "check"],
            cwd=code,
            env={
                **image_environment(),
                "LOCAL_DIR": str(tmp_path / "local"),
                "DATABASE_URL": nowhere,
                "REPLICA_DATABASE_URL": nowhere,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


class TestHealthcheck:
    @pytest.mark.parametrize(("port", "said"), [("1", "no answer at port 1: ")])
    def test_fails_without_a_server(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        port: str,
        said: str,
    ) -> None:
        monkeypatch.setenv("PORT", port)
        assert healthcheck.main() == 1
        assert capsys.readouterr().out.startswith(said)
