"""The kernel runs in another project: a lending library with nothing else of this repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = Path(__file__).parent / "project"
VARIABLES = {"LIBRARY_URL": "DATABASE_URL", "LIBRARY_REPLICA_URL": "REPLICA_DATABASE_URL"}
# What only some parts of the kernel need: Celery tasks, admin, OpenAPI.
OPTIONAL = ("celery", "drf_spectacular", "unfold")
LOADED = f"""
import sys, django
django.setup()
import library.urls
print(sorted(set({OPTIONAL!r}) & set(sys.modules)))
"""
INCOMPLETE = """
import django, library.settings
library.settings.INSTALLED_APPS.remove("cqrs.projections")
try:
    django.setup()
except django.core.exceptions.ImproperlyConfigured as error:
    print(error)
"""
NOT_INSTALLED = "INSTALLED_APPS has 'cqrs', but not 'cqrs.projections'\n"
OTHERS = ("config", "customers", "orders", "readmodels", "tests")
FOREIGN = f"""
from importlib.util import find_spec
print([name for name in {OTHERS!r} if find_spec(name)])
"""


class Library:
    """A copy of the project in a folder of its own, with two databases."""

    def __init__(self, folder: Path, urls: dict[str, str]) -> None:
        self.folder = folder / "library"
        shutil.copytree(PROJECT, self.folder)
        path = folder / "path"
        path.mkdir()
        (path / "cqrs").symlink_to(REPOSITORY / "cqrs")
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.environment = {
            **inherited,
            **urls,
            "DJANGO_SETTINGS_MODULE": "library.settings",
            "PYTHONPATH": str(path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }

    def python(self, *arguments: str) -> str:
        """Run Python there and return what it printed; fail with that unless it ends well."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def manage(self, *arguments: str) -> str:
        return self.python("manage.py", *arguments)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Yield the project over two empty databases, and drop them in the end."""
    urls = {}
    for variable in VARIABLES:
        name = f"{variable.lower()}_{os.getpid()}"
        execute(server(variable), f"CREATE DATABASE {name}")
        urls[variable] = f"{server(variable).rpartition('/')[0]}/{name}"
    yield Library(tmp_path_factory.mktemp("foreign"), urls)
    for variable in VARIABLES:
        execute(server(variable), f"DROP DATABASE {variable.lower()}_{os.getpid()}")


def server(variable: str) -> str:
    """Return a URL of the server where this database is made: the product's roles may not."""
    return os.environ.get("ADMIN_DATABASE_URL") or os.environ[VARIABLES[variable]]


def execute(url: str, statement: Any) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


class TestLibrary:
    def test_has_only_the_kernel_of_this_repository(self, library: Library) -> None:
        assert library.python("-c", FOREIGN) == "[]\n"

    def test_loads_no_package_that_it_does_not_use(self, library: Library) -> None:
        assert library.python("-c", LOADED) == "[]\n"

    def test_names_the_app_that_is_not_installed(self, library: Library) -> None:
        assert library.python("-c", INCOMPLETE) == NOT_INSTALLED

    def test_migrates_both_databases_and_passes_the_system_checks(self, library: Library) -> None:
        for alias in ("default", "replica"):
            library.manage("migrate", "--database", alias, "--verbosity", "0")
        both = ("--database", "default", "--database", "replica")
        checked = library.manage("check", "--fail-level", "WARNING", *both)
        assert checked == "System check identified no issues (0 silenced).\n"
        assert library.manage("makemigrations", "--check") == "No changes detected\n"

    def test_passes_its_own_tests_and_the_contracts_of_the_kernel(self, library: Library) -> None:
        assert " passed" in library.python("-m", "pytest")
