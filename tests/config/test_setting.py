"""A variable has one declaration: its value, where that comes from, and what of it is shown."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.setting import MASK, Setting, declare

pytestmark = pytest.mark.usefixtures("own_declarations")


def of(default: str = "", **more: object) -> Setting:
    return declare("SOME_KEY", default, "a key", **more)  # type: ignore[arg-type]


class TestFile:
    def test_holds_the_value(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        (tmp_path / "key").write_text(" s p\nace \r\n\n")
        monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / "key"))
        assert (of().text(), of().source) == (" s p\nace ", "file")

    def test_may_stand_beside_an_empty_variable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        (tmp_path / "key").write_text("from the file")
        monkeypatch.setenv("SOME_KEY", "")
        monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / "key"))
        assert of().text() == "from the file"

    def test_is_refused_beside_a_value(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("SOME_KEY", "secret")
        monkeypatch.setenv("SOME_KEY_FILE", "/run/secret")
        with pytest.raises(ImproperlyConfigured) as error:
            of().text()
        assert str(error.value) == "SOME_KEY and SOME_KEY_FILE: set one of the two"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [(None, "No such file or directory"), (b"secret \xff", "it is not UTF-8 text")],
    )
    def test_that_cannot_be_read_is_named_by_its_variable_alone(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        content: bytes | None,
        reason: str,
    ):
        path = tmp_path / "secret"
        if content is not None:
            path.write_bytes(content)
        monkeypatch.setenv("SOME_KEY_FILE", str(path))
        with pytest.raises(ImproperlyConfigured) as error:
            of().text()
        assert str(error.value) == f"SOME_KEY_FILE: cannot read the file: {reason}"
        assert error.value.__context__ is None

    def test_is_not_shown_by_the_error_of_its_value(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        (tmp_path / "key").write_text("secret")
        monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / "key"))
        assert str(of().error("set it to 1 or 0")) == "SOME_KEY_FILE: set it to 1 or 0"

    def test_is_none_of_a_variable_that_other_programs_read(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("SOME_KEY_FILE", "/nowhere")
        assert of("1", by_file=False).text() == "1"


class TestSource:
    def test_is_the_default(self):
        assert (of("7").text(), of("7").source) == ("7", "default")

    def test_is_the_environment(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("SOME_KEY", "8")
        assert (of("7").text(), of("7").source) == ("8", "environment")

    def test_is_the_folder_of_what_is_made_once(self, monkeypatch: pytest.MonkeyPatch):
        assert of(stored_in="key").source == ".local"
        monkeypatch.setenv("SOME_KEY", "")
        assert of(stored_in="key").source == ".local"


class TestShown:
    def test_masks_a_secret(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("SOME_KEY", "secret")
        assert of(secret=True).shown == MASK

    def test_says_what_an_empty_value_stands_for(self):
        assert of(unset="the `OTHER_KEY`", secret=True).shown == "the OTHER_KEY"

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            ("postgresql://me:secret@a:1,b:2/desk?x=y", f"postgresql://me:{MASK}@a:1,b:2/desk?x=y"),
            ("postgresql://me:se:c/r@et@a/desk", f"postgresql://me:{MASK}@a/desk"),
            ("redis://:secret@a:6379/0", f"redis://:{MASK}@a:6379/0"),
            ("redis://a:6379/0", "redis://a:6379/0"),
            ("postgresql://a/desk?password=secret&x=y", f"postgresql://a/desk?password={MASK}&x=y"),
            ("sasl.username=me sasl.password=secret", f"sasl.username=me sasl.password={MASK}"),
            ("127.0.0.1,[::1]", "127.0.0.1,[::1]"),
        ],
    )
    def test_masks_passwords(self, monkeypatch: pytest.MonkeyPatch, value: str, shown: str):
        monkeypatch.setenv("SOME_KEY", value)
        assert of().shown == shown
