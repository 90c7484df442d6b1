"""The arguments of commands have one meaning, or are refused with the reason."""

from argparse import ArgumentTypeError

import pytest
from django.core.management import CommandError, call_command

from cqrs.management.arguments import seconds, whole


class TestWhole:
    def test_reads_what_is_within_its_bounds(self) -> None:
        assert [whole(1)("1"), whole(1, 256)("256"), whole(0)("0")] == [1, 256, 0]

    @pytest.mark.parametrize("text", ["1_0", "+1", "\u0663", "1e2", "01", " 1", "1.0", ""])
    def test_refuses_what_is_no_number(self, text: str) -> None:
        with pytest.raises(ArgumentTypeError, match="Not a whole number such as 10"):
            whole(0)(text)

    @pytest.mark.parametrize(("text", "reason"), [("0", "from 1 to 9"), ("10", "from 1 to 9")])
    def test_refuses_what_is_out_of_its_bounds(self, text: str, reason: str) -> None:
        with pytest.raises(ArgumentTypeError, match=f"{text} is not {reason}"):
            whole(1, 9)(text)


class TestSeconds:
    def test_reads_parts_of_a_second(self) -> None:
        assert [seconds("0"), seconds("2.5")] == [0.0, 2.5]

    @pytest.mark.parametrize("text", ["nan", "inf", "1e3", "1_0", ".5", "-1"])
    def test_refuses_what_is_no_time(self, text: str) -> None:
        with pytest.raises(ArgumentTypeError):
            seconds(text)


class TestProjections:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("verify", "--parts", "0"),
            ("verify", "--parts", "1_0"),
            ("repartition", "--partitions", "257"),
            ("status", "--max-lag", "nan"),
        ],
    )
    def test_refuses_an_argument_and_names_it(self, arguments: tuple[str, ...]) -> None:
        with pytest.raises(CommandError, match=f"argument {arguments[1]}: .*{arguments[2]}"):
            call_command("projections", *arguments)
