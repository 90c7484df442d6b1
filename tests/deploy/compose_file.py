"""docker-compose.yml and the Dockerfile, read as Docker reads them."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
FILE = REPOSITORY / "docker-compose.yml"
DOCKERFILE = REPOSITORY / "Dockerfile"
PROFILES = ("cdc", "observability")
OURS = ("order-desk:", "order-desk-cdc:")
# `$$` is a dollar sign, `${NAME:-default}` a variable of the one who starts it.
VARIABLE = re.compile(r"\$(?:(\$)|\{\w+:-([^}]*)\})")
SECONDS = re.compile(r"(\d+)s")


@dataclass(frozen=True)
class Service:
    """One service. Variables have their defaults."""

    name: str
    options: dict[str, Any]

    @property
    def command(self) -> list[str]:
        words: list[str] = self.options.get("command") or []
        return words

    @property
    def is_ours(self) -> bool:
        return str(self.options["image"]).startswith(OURS)

    @property
    def environment(self) -> dict[str, str]:
        found: dict[str, str] = self.options.get("environment", {})
        return found

    @property
    def health_command(self) -> list[str]:
        """Return what tells whether it is healthy; nothing where that is switched off."""
        check = self.options.get("healthcheck")
        if check is None:
            return from_dockerfile("HEALTHCHECK") if self.is_ours else []
        if check.get("disable"):
            return []
        kind, *words = check["test"]
        return ["sh", "-c", *words] if kind == "CMD-SHELL" else words

    @property
    def grace_s(self) -> float:
        match = SECONDS.fullmatch(self.options["stop_grace_period"])
        assert match is not None
        return float(match[1])

    def is_restarted(self, exit_code: int) -> bool:
        policy = self.options["restart"]
        return policy in ("always", "unless-stopped") or (policy == "on-failure" and exit_code != 0)

    def runs_with(self, *profiles: str) -> bool:
        own = self.options.get("profiles", [])
        return not own or not set(own).isdisjoint(profiles)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = _filled_in(yaml.safe_load(FILE.read_text()))
    return found


@cache
def services() -> dict[str, Service]:
    return {name: Service(name, options) for name, options in compose()["services"].items()}


def from_dockerfile(instruction: str) -> list[str]:
    """Return the words of the last CMD, or of the command of the HEALTHCHECK."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    pattern = rf"^{instruction}\b[^\[]*(\[.*\])$"
    found: list[str] = json.loads(re.findall(pattern, text, re.M)[-1])
    return found


def image_environment() -> dict[str, str]:
    """Return what the Dockerfile's last stage sets for every process."""
    last = DOCKERFILE.read_text().replace("\\\n", " ").split("\nFROM ")[-1]
    (line,) = re.findall(r"^ENV (.*)$", last, re.M)
    return dict(pair.split("=", 1) for pair in line.split())


def _filled_in(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled_in(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled_in(each) for each in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda match: match[1] or match[2], value)
    return value
