"""The workers beside the web process."""

from types import SimpleNamespace
from typing import Any

import pytest
from cqrs.reactions.reactions import reactions

from config.serve import inprocess


class TestConcurrency:
    def test_leaves_room_for_projecting_when_every_reaction_hangs(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: dict[str, Any] = {}

        def controller(**options: Any) -> SimpleNamespace:
            made.update(options)
            return SimpleNamespace(start=lambda: None)

        monkeypatch.setattr(inprocess, "WorkController", controller)
        inprocess._work()
        # one to project, one to start the others
        assert made["concurrency"] >= len(reactions()) + 2
        assert made["pool"] == "threads"
