"""A text is accepted with one meaning, or refused."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cqrs.messaging import fields, grammar

NUMBERS = ["", " 1", "1 ", "+1", "1_0", "01", "-", "1.", ".5", "1e5", "1E5", "٣", "１", "²",  # noqa: RUF001
           "0x1", "NaN", "Infinity", "1,5", "1\n", "9" * 41, "1" + "0" * 5_000]  # fmt: skip
NO_TIMES = ["", "45306", "20240115120000", "202401151200", "2024", "-1", "2024-01", "2024-1-5",
            "1705320000.5", "2024-02-30", "2024-01-15T25:00", "2024-01-15T12:00:60", "today",
            "2024-01-15T12", "2024-01-15T12:00:00.1234567", "٢٠٢٤-01-15", "2024-0115",
            "20240115T12:00", "2024-01-15T1200", "2024-01-15 ", "0000-01-01", "+2024-01-15",
            "2024-01-15T12:00+1", "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-23:59"]  # fmt: skip
IDS = ["", "018f", "018f0000000070008000000000000001", "{018f0000-0000-7000-8000-000000000001}",
       "urn:uuid:018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-00000000000g",
       "018f-00000000-7000-8000-000000000001", "018f0000-0000-7000-8000-00000000000٣",
       "018f0000-0000-7000-8000-0000000000_1", " 018f0000-0000-7000-8000-000000000001"]  # fmt: skip


class TestRefusals:
    @pytest.mark.parametrize("text", [*NUMBERS, "1.5", "1.0"])
    def test_name_what_is_no_whole_number(self, text: str):
        with pytest.raises(ValueError, match="Not a whole number"):
            grammar.whole_number(text)

    @pytest.mark.parametrize("text", [*NUMBERS, "1.5.5", "1._5", "1.٣"])
    def test_name_what_is_no_decimal_number(self, text: str):
        with pytest.raises(ValueError, match="Not a decimal number"):
            grammar.decimal_number(text)

    @pytest.mark.parametrize("text", ["", "1", "0", "yes", "on", "t", " true", "tru", "ｔrue"])  # noqa: RUF001
    def test_name_what_is_neither_true_nor_false(self, text: str):
        with pytest.raises(ValueError, match="Give true or false"):
            grammar.boolean(text)

    @pytest.mark.parametrize("text", IDS)
    def test_name_what_is_no_uuid(self, text: str):
        with pytest.raises(ValueError, match="Not a UUID"):
            grammar.uuid(text)

    @pytest.mark.parametrize("text", NO_TIMES)
    @pytest.mark.parametrize("read", [grammar.iso_time, grammar.timestamp])
    def test_name_what_is_no_time(self, read: Any, text: str):
        with pytest.raises(ValueError, match=r"^(Not an? |There is no such time)"):
            read(text)

    @pytest.mark.parametrize("text", ["2024-01-15", "2024-01-15T12:00:00", "20240115T120000Z"])
    def test_name_a_timestamp_without_its_offset_or_in_another_format(self, text: str):
        with pytest.raises(ValueError, match="RFC 3339"):
            grammar.timestamp(text)


class TestIsoTime:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2024-01-15", "2024-01-15T00:00:00+00:00"),
            ("20240115", "2024-01-15T00:00:00+00:00"),
            ("20240115T1230", "2024-01-15T12:30:00+00:00"),
            ("20240115T123000.5+0130", "2024-01-15T11:00:00.500000+00:00"),
            ("2024-01-15 12:30", "2024-01-15T12:30:00+00:00"),
            ("2024-01-15T12:30:00,5Z", "2024-01-15T12:30:00.500000+00:00"),
            ("2024-01-15T12:30:00.1234560000-02", "2024-01-15T14:30:00.123456+00:00"),
        ],
    )
    def test_is_read_in_utc(self, text: str, expected: str):
        assert grammar.iso_time(text).isoformat() == expected


ANY = st.text(max_size=40) | st.text("0123456789-+.:TZ eE_٣", max_size=40)
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
READERS = {
    "whole_number": (grammar.whole_number, str, st.integers(-(10**30) + 1, 10**30 - 1)),
    "decimal_number": (
        grammar.decimal_number,
        lambda value: f"{value:f}",
        st.decimals(-(10**20), 10**20, places=6),
    ),
    "boolean": (grammar.boolean, lambda value: str(value).lower(), st.booleans()),
    "uuid": (grammar.uuid, str, st.uuids()),
    "day": (grammar.day, date.isoformat, st.dates()),
    "timestamp": (grammar.timestamp, datetime.isoformat, st.datetimes(timezones=st.just(UTC))),
    "iso_time": (grammar.iso_time, datetime.isoformat, st.datetimes(timezones=st.just(UTC))),
}


@pytest.mark.parametrize("name", READERS)
class TestEveryReader:
    def test_reads_its_canonical_text_again(self, name: str):
        read, write, values = READERS[name]

        @given(values)
        def canonical(value: Any) -> None:
            assert read(write(value)) == value

        canonical()

    def test_gives_any_text_one_meaning_or_none(self, name: str):
        read, write, _ = READERS[name]

        @given(ANY)
        @example("-0")
        @example("1.50")
        def one_meaning(text: str) -> None:
            try:
                value = read(text)
            except ValueError:
                return
            assert read(write(value)) == value
            assert write(read(write(value))) == write(value)

        one_meaning()


class TestTimes:
    @given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=OFFSETS))
    def test_are_the_same_moment_in_every_offset(self, moment: datetime):
        assert grammar.iso_time(moment.isoformat()) == moment
        assert grammar.timestamp(moment.isoformat()) == moment

    @given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
    def test_differ_in_text_when_they_differ(self, one: datetime, other: datetime):
        texts = {grammar.iso_time(each.isoformat()).isoformat() for each in (one, other)}
        assert len(texts) == len({one, other})


def result(read: Any, text: str) -> Any:
    """Return what is read; None for a refusal."""
    try:
        return read(text)
    except ValueError:
        return None


class TestFields:
    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (fields.WholeNumber, True),
            (fields.WholeNumber, 1.0),
            (fields.WholeNumber, None),
            (fields.DecimalNumber, False),
            (fields.DecimalNumber, [1]),
            (fields.Boolean, 1),
            (fields.Id, 7),
            (fields.Id, b"0" * 16),
            (fields.UtcDatetime, 45306),
            (fields.UtcDatetime, date(2024, 1, 15)),
        ],
    )
    def test_refuse_a_value_of_another_kind(self, kind: Any, value: Any):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(value)

    def test_take_values_as_they_are(self):
        moment = datetime(2024, 1, 15, tzinfo=UTC)
        for kind, value in (
            (fields.WholeNumber, 5),
            (fields.DecimalNumber, Decimal("1E+5")),
            (fields.Boolean, False),
            (fields.Id, UUID(int=7)),
            (fields.UtcDatetime, moment),
        ):
            assert TypeAdapter(kind).validate_python(value) == value

    @given(ANY | st.integers().map(str) | st.decimals(places=3).map(str) | st.uuids().map(str))
    def test_read_texts_as_the_grammar_does(self, text: str):
        for kind, read in (
            (fields.WholeNumber, grammar.whole_number),
            (fields.DecimalNumber, grammar.decimal_number),
            (fields.Id, grammar.uuid),
        ):
            assert result(TypeAdapter(kind).validate_python, text) == result(read, text)
