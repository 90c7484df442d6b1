"""Settings are read from texts of one meaning."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment as env
from config import setting

pytestmark = pytest.mark.usefixtures("own_declarations")


class TestNumber:
    @pytest.mark.parametrize("text", ["", "-1", "+1", "1_0", "1e3", "٣", " 1", "1.0", "1" * 10])
    def test_refuses_what_is_no_whole_number(self, monkeypatch: pytest.MonkeyPatch, text: str):
        monkeypatch.setenv("WEB_THREADS", text)
        with pytest.raises(ImproperlyConfigured, match=r"WEB_THREADS=.*whole number"):
            env.number("WEB_THREADS", 8, "threads")

    def test_reads_one(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("WEB_THREADS", "12")
        assert env.number("WEB_THREADS", 8, "threads") == 12


class TestOptions:
    def test_are_pairs_apart_by_spaces(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("SOME", "bootstrap.servers=host:9092  sasl.password=a=b")
        assert env.options("SOME", "some") == {
            "bootstrap.servers": "host:9092",
            "sasl.password": "a=b",
        }

    @pytest.mark.parametrize("value", ["host:9092", "=x"])
    def test_refuse_what_is_no_pair(self, monkeypatch: pytest.MonkeyPatch, value: str):
        monkeypatch.setenv("SOME", value)
        with pytest.raises(ImproperlyConfigured, match="SOME: expected pairs"):
            env.options("SOME", "some")


class TestListed:
    def test_are_shown_only_when_they_are_no_secret(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("SOME", "one, two,")
        assert env.listed("SOME", "", "some", secret=True) == ["one", "two"]
        assert setting.SETTINGS["SOME"].shown == setting.MASK
        env.listed("SOME", "", "some")
        assert setting.SETTINGS["SOME"].shown == "one, two,"
