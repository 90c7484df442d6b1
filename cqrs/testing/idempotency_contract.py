"""What every command promises to a caller that sends it again under one idempotency key.

class TestAcquireBook(IdempotencyContract):
    command = AcquireBook

    def payloads(self):
        return {"title": "Emma"}, {"title": "Persuasion"}
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from cqrs.database.aliases import WRITE_ALIAS
from cqrs.messaging import bus
from cqrs.messaging.context import system_context, use_context
from cqrs.messaging.messages import Command
from cqrs.messaging.results import Ok, Rejected, Result
from cqrs.models import EventRecord


@pytest.mark.django_db(databases=[WRITE_ALIAS])
class IdempotencyContract:
    """One key, one effect, one answer."""

    command: ClassVar[type[Command]]

    def payloads(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return two different messages that are both handled, in this order."""
        raise NotImplementedError

    def send(self, payload: Mapping[str, Any], key: str) -> Result[Any]:
        with use_context(system_context(actor="contract")):
            return bus.send(self.command, payload, idempotency_key=key)

    def test_the_same_message_again_gives_the_first_answer_and_no_event(self) -> None:
        payload, _ = self.payloads()
        first = self.send(payload, "key")
        assert isinstance(first, Ok)
        written = EventRecord.objects.count()
        assert self.send(payload, "key") == replace(first, replayed=True)
        assert EventRecord.objects.count() == written

    def test_another_message_under_the_key_is_refused_and_writes_nothing(self) -> None:
        payload, other = self.payloads()
        assert isinstance(self.send(payload, "key"), Ok)
        written = EventRecord.objects.count()
        refused = self.send(other, "key")
        assert isinstance(refused, Rejected)
        assert (refused.code, refused.replayed) == ("idempotency_key_reused", False)
        assert EventRecord.objects.count() == written

    def test_another_key_is_another_command(self) -> None:
        payload, other = self.payloads()
        for key, each in (("key", payload), ("another", other)):
            result = self.send(each, key)
            assert isinstance(result, Ok)
            assert not result.replayed
