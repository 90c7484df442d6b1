"""Where mails go, and what the address of a webhook may be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import environment as env

SHOW = """
from django.conf import settings
for name in ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_USE_TLS", "DEFAULT_FROM_EMAIL",
             "EMAIL_FILE_PATH", "EMAIL_TIMEOUT"):
    print(name, getattr(settings, name))
"""


def shown(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Return what a new process makes of the environment."""
    variables = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings",
                 "LOCAL_DIR": str(folder), **environment}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", SHOW], env=variables, capture_output=True, text=True, check=False
    )


class TestMail:
    def test_is_written_to_files_without_a_server(self, tmp_path: Path):
        found = dict(line.split(" ", 1) for line in shown(tmp_path).stdout.splitlines())
        assert found["EMAIL_BACKEND"] == "django.core.mail.backends.filebased.EmailBackend"
        assert found["EMAIL_FILE_PATH"] == str(tmp_path / "mail")
        assert (tmp_path / "mail").stat().st_mode & 0o077 == 0  # they hold personal data
        assert found["DEFAULT_FROM_EMAIL"] == "desk@localhost"

    def test_goes_to_the_server_that_is_named(self, tmp_path: Path):
        given = {"EMAIL_HOST": "mail.example.com", "EMAIL_PORT": "587", "EMAIL_USE_TLS": "1"}
        answer = shown(tmp_path, **given).stdout
        found = dict(line.split(" ", 1) for line in answer.splitlines())
        assert found["EMAIL_BACKEND"] == "cqrs.reactions.outgoing.EmailBackend"
        assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.com", "587")
        assert (found["EMAIL_USE_TLS"], found["EMAIL_TIMEOUT"]) == ("True", "10")

    def test_cannot_be_wrapped_twice(self, tmp_path: Path):
        answer = shown(tmp_path, EMAIL_HOST="x", EMAIL_USE_TLS="1", EMAIL_USE_SSL="1")
        assert "ImproperlyConfigured: EMAIL_USE_TLS and EMAIL_USE_SSL" in answer.stderr


@pytest.mark.usefixtures("own_declarations")
class TestWebAddress:
    @pytest.mark.parametrize(
        "address",
        [
            "",
            "http://localhost:8/x",
            "https://example.com/h?k=v@w",
            "http://hooks_1.internal./",
            "http://127.0.0.1:65535",
            "http://[::1]:8080/x",
            "https://xn--exmple-cua.com",
        ],
    )
    def test_is_taken(self, monkeypatch: pytest.MonkeyPatch, address: str):
        monkeypatch.setenv("MARKETING_WEBHOOK_URL", address)
        assert env.web_address("MARKETING_WEBHOOK_URL", "a hook") == address

    @pytest.mark.parametrize(
        "address",
        [
            "example.com/x",
            "file:///etc/passwd",
            "ftp://x/secret",
            "https://",
            "http:///secret",
            "x",
            "http://user:secret@example.com/",
            "http://secret@example.com/",
            "http://:secret@example.com",
            "http://example.com/a secret",
            " http://example.com/secret",
            "http://example.com/secret\n",
            "http://exam\tple.com/secret",
            "http://example.com/\x7fsecret",
            "http://exämple.com/secret",
            "http://example.com:/secret",
            "http://example.com:0/secret",
            "http://example.com:65536/secret",
            "http://example.com:secret/",
            "http://example..com/secret",
            "http://-example.com/secret",
            "http://example.com\\secret/",
            "http://999.1.1.1/secret",
            "http://[::1/secret",
            "http://[secret]/",
            f"http://{'x' * 64}.com/secret",
        ],
    )
    def test_is_refused_by_the_variables_name_and_not_shown(
        self, monkeypatch: pytest.MonkeyPatch, address: str
    ):
        monkeypatch.setenv("MARKETING_WEBHOOK_URL", address)
        with pytest.raises(env.ImproperlyConfigured, match=r"^MARKETING_WEBHOOK_URL: set") as error:
            env.web_address("MARKETING_WEBHOOK_URL", "a hook")
        assert "secret" not in str(error.value)
