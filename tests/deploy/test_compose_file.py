"""docker-compose.yml is valid, complete in itself, and says what an operator relies on."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.compose_file import FILE, PROFILES, REPOSITORY, Service, compose, services

WITH = ([], *([profile] for profile in PROFILES), [*PROFILES])
NAMES = sorted(services())
OURS = sorted(name for name, service in services().items() if service.is_ours)
PINNED = re.compile(r"[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?")
SECRET = re.compile(r"_URL$|PASSWORD|SECRET|TOKEN|KEY$")


def enabled(profiles: list[str]) -> dict[str, Service]:
    return {name: each for name, each in services().items() if each.runs_with(*profiles)}


def mounted(service: Service) -> list[str]:
    return [volume.split(":")[0] for volume in service.options.get("volumes", [])]


class TestFile:
    def test_obeys_the_schema_of_the_compose_specification(self) -> None:
        checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
        done = subprocess.run(
            [*checker, "vendor.compose-spec", FILE], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @pytest.mark.parametrize("profiles", WITH)
    def test_has_what_its_services_name(self, profiles: list[str]) -> None:
        whole, found = compose(), enabled(profiles)
        for service in found.values():
            assert set(service.options.get("depends_on", [])) <= set(found)
            assert set(service.options.get("secrets", [])) <= set(whole["secrets"])
            assert set(service.options["networks"]) <= set(whole["networks"])
            for source in mounted(service):
                assert source in whole["volumes"] or (REPOSITORY / source).exists(), source

    def test_has_nothing_that_no_service_names(self) -> None:
        whole, found = compose(), services().values()
        used = {source for service in found for source in mounted(service)}
        assert set(whole["volumes"]) <= used
        named = {secret for service in found for secret in service.options.get("secrets", [])}
        assert set(whole["secrets"]) == named

    def test_gives_our_images_the_version_of_the_project(self) -> None:
        version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
        tags = {services()[name].options["image"].split(":")[1] for name in OURS}
        assert tags == {version}
        assert f"\nARG VERSION={version}\n" in (REPOSITORY / "Dockerfile").read_text()

    def test_builds_with_requirements_that_exist(self) -> None:
        for name in OURS:
            arguments = services()[name].options["build"].get("args", {})
            for extra in arguments.get("EXTRAS", "").split():
                assert (REPOSITORY / "requirements" / f"{extra}.txt").exists()


class TestService:
    @pytest.mark.parametrize("name", NAMES)
    def test_is_pinned_bounded_and_locked_up(self, name: str) -> None:
        options = services()[name].options
        assert PINNED.fullmatch(options["image"])
        assert set(options["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
        assert options["read_only"] is True
        assert options["security_opt"] == ["no-new-privileges:true"]
        assert "healthcheck" in options or services()[name].health_command
        assert services()[name].grace_s >= 10
        assert options["restart"] == ("no" if name == "setup" else "unless-stopped")

    @pytest.mark.parametrize("name", NAMES)
    def test_listens_on_this_machine_alone(self, name: str) -> None:
        ports = services()[name].options.get("ports", [])
        assert all(port.startswith("127.0.0.1:") for port in ports)

    @pytest.mark.parametrize("name", NAMES)
    def test_has_its_secrets_as_files_that_it_may_read(self, name: str) -> None:
        service = services()[name]
        secret = {key for key in service.environment if SECRET.search(key.removesuffix("_FILE"))}
        assert all(key.endswith("_FILE") for key in secret)
        files = {service.environment[key].removeprefix("/run/secrets/") for key in secret}
        assert files <= set(service.options.get("secrets", []))

    @pytest.mark.parametrize("name", ["web", "worker", "reactions", "beat"])
    def test_has_no_secret_of_an_owner_or_administrator(self, name: str) -> None:
        secrets = services()[name].options["secrets"]
        assert not [secret for secret in secrets if "admin" in secret or "migration" in secret]


class TestPostgres:
    def test_can_feed_change_data_capture_without_filling_its_disk(self) -> None:
        command = services()["postgres-write"].command
        assert "wal_level=logical" in command
        assert "max_slot_wal_keep_size=2GB" in command


class TestSecrets:
    def test_are_all_made_once_in_a_folder_of_the_owner(self, tmp_path: Path) -> None:
        folder = tmp_path / "secrets"
        first, second = made(folder), made(folder)
        assert first == second
        assert folder.stat().st_mode & 0o777 == 0o700
        assert set(compose()["secrets"]) <= set(first)
        assert made(tmp_path / "others")["secret_key"] != first["secret_key"]

    def test_stand_where_git_and_the_image_do_not_look(self) -> None:
        for secret in compose()["secrets"].values():
            assert secret["file"].startswith(".local/secrets/")
        assert "/.local/" in (REPOSITORY / ".gitignore").read_text().splitlines()


def made(folder: Path) -> dict[str, str]:
    subprocess.run([REPOSITORY / "deploy/secrets.sh", folder], check=True)
    return {file.name: file.read_text() for file in folder.iterdir()}


class TestConfigurationOfTheWatchers:
    def test_is_yaml(self) -> None:
        for file in (REPOSITORY / "deploy").rglob("*.y*ml"):
            assert yaml.safe_load(file.read_text()), file

    def test_scrapes_every_service_of_ours_that_goes_on(self) -> None:
        prometheus: dict[str, Any] = yaml.safe_load(
            (REPOSITORY / "deploy/prometheus/prometheus.yml").read_text()
        )
        found = {
            (name, found["port"])
            for job in prometheus["scrape_configs"]
            for found in job.get("dns_sd_configs", [])
            for name in found["names"]
        }
        ports = {name: "METRICS_PORT" if name != "web" else "PORT" for name in OURS}
        del ports["setup"]
        expected = {(name, int(services()[name].environment[of])) for name, of in ports.items()}
        assert found == expected
