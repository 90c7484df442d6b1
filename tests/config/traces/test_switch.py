"""Traces are off unless OpenTelemetry's variables ask for them."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.monitoring.traces.switch import exporter
from tests.support.desk import REPOSITORY

# Python that finds no package of OpenTelemetry, as without the extra.
WITHOUT_EXTRA = """
import sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Finder)
import django
django.setup()
"""
ONLY_OURS = """
import sys, django
django.setup()
assert "config.monitoring.traces.tracer" not in sys.modules
assert not [name for name in sys.modules if name.startswith("opentelemetry.instrumentation")]
"""
# As the web process begins, before it has threads.
STARTED = """
import config.rsgi
from config.monitoring.traces import switch
assert switch._tracer._provider is not None
"""


def ran(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )


class TestExporter:
    @pytest.mark.parametrize(
        ("name", "endpoint", "expected"),
        [
            ("", "", ""),
            ("", "http://127.0.0.1:4318", "otlp"),
            ("none", "http://127.0.0.1:4318", ""),
            ("console", "", "console"),
            ("otlp", "", "otlp"),
        ],
    )
    def test_is_the_one_that_is_asked_for(self, name: str, endpoint: str, expected: str):
        assert exporter(name, endpoint, disabled=False) == expected
        assert exporter(name, endpoint, disabled=True) == ""

    def test_has_to_be_known(self):
        with pytest.raises(ImproperlyConfigured, match=r"^OTEL_TRACES_EXPORTER='zipkin': set it"):
            exporter("zipkin", "", disabled=False)


class TestProcess:
    def test_without_variables_starts_nothing_of_it(self):
        found = ran(ONLY_OURS)
        assert (found.returncode, found.stdout, found.stderr) == (0, "", "")

    def test_of_the_web_starts_it_before_a_thread_can_open_a_connection(self):
        found = ran(STARTED, OTEL_TRACES_EXPORTER="console", IN_PROCESS_WORKER="0")
        assert (found.returncode, found.stderr) == (0, "")

    def test_without_the_extra_says_how_to_install_it_and_goes_on(self):
        found = ran(WITHOUT_EXTRA, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
        assert found.returncode == 0
        [line] = found.stderr.splitlines()
        assert '"event":"tracing_not_installed"' in line
        assert ".ci/install tracing" in line

    def test_refuses_a_protocol_that_is_not_installed(self):
        found = ran("import django; django.setup()", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
        assert found.returncode == 1
        assert "OTEL_EXPORTER_OTLP_PROTOCOL='grpc': set it to one of http/protobuf" in found.stderr
