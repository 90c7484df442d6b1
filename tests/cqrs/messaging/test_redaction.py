"""What commands show of rows: whether texts differ, and not what they say."""

from typing import Any

import pytest

from cqrs.messaging.redaction import redacted_pair

ID = "01890000-0000-7000-8000-000000000001"


class TestRedactedPair:
    @pytest.mark.parametrize(
        ("stored", "logged", "shown"),
        [
            (1, 2, ("1", "2")),
            ("10.50", "-3", ("10.50", "-3")),
            (None, "Ada", ("None", "<text>")),
            ("Ada", "Ada", ("<text>", "<text>")),
            ("Ada", "ada", ("<text>", "<other text>")),
            (True, "t", ("True", "t")),
            (ID, f"{ID}x", (ID, "<text>")),
            ("2026-01-02T03:04:05.678Z", "", ("2026-01-02T03:04:05.678Z", "<text>")),
            ([1, "Ada", [ID, "x"]], [1, "Bea", [ID, "x"]],
             (f"[1, <text>, [{ID}, <text>]]", f"[1, <other text>, [{ID}, <text>]]")),
            ([1, "Ada"], [1], ("[1, <text>]", "[1]")),
            ({"name": "Ada", "n": 1}, None, ("{name: <text>, n: 1}", "None")),
        ],
    )  # fmt: skip
    def test_shows_numbers_times_and_ids_alone(self, stored: Any, logged: Any, shown: Any):
        assert redacted_pair(stored, logged) == shown
