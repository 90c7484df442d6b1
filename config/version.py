"""The version of this build: what pyproject.toml says."""

import tomllib

from config.environment import BASE_DIR

VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
