"""Nothing is unpickled that another process may have written."""

import ast
import pickle
from pathlib import Path

import pytest
from django.conf import settings
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads

from config.celery import app

ROOT = Path(__file__).resolve().parents[2]
PICKLES = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


class TestWorkers:
    @pytest.mark.parametrize("kind", ["application/x-python-serialize", "pickle", "yaml"])
    def test_refuse_messages_that_are_not_json(self, kind: str) -> None:
        with pytest.raises(ContentDisallowed):
            loads(pickle.dumps(7), kind, "binary", accept=app.conf.accept_content, force=True)

    def test_send_json(self) -> None:
        assert (app.conf.task_serializer, app.conf.accept_content) == ("json", ["json"])


class TestSessions:
    def test_are_json_in_the_database(self) -> None:
        assert settings.SESSION_SERIALIZER == "django.contrib.sessions.serializers.JSONSerializer"
        assert settings.SESSION_ENGINE == "django.contrib.sessions.backends.db"


class TestCode:
    @pytest.mark.parametrize("package", ["config", "cqrs", "customers", "orders", "readmodels"])
    def test_imports_no_pickle(self, package: str) -> None:
        paths = sorted((ROOT / package).rglob("*.py"))
        assert [path for path in paths if imported(path) & PICKLES] == []
