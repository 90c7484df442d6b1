"""Writes, backups, restores, heals and rebuilds at random: the read side ends as the log says."""

import io
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.core.management import CommandError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from cqrs.consistency.token_status import TokenStatus, token_status
from cqrs.consistency.tokens import ConsistencyToken
from cqrs.models import EventRecord, FeedHead
from cqrs.operations.worker import project
from cqrs.projections.models import LogEpoch, ParkedEvent
from cqrs.rebuild.diagnosis import diagnose
from cqrs.rebuild.table_copies import Slot, TableCopy
from customers.commands import UpdateCustomer
from customers.models import Customer
from readmodels.models import CustomerReadModel
from readmodels.projections import PROJECTIONS
from tests.properties.observed import empty_both_sides
from tests.support.backups import Backup, back_up
from tests.support.built import nothing_is_left, projections
from tests.support.scenarios import accepted, customer

FULL = os.environ.get("FAULT_COUNTS") == "full"
WHICH = st.integers(0, 30)

Shown = dict[UUID, tuple[int, UUID]]
"""What the read side shows of each customer: the version, and the event that made it."""


@dataclass
class Kept:
    """A backup, and what the read side showed then."""

    backup: Backup
    shown: Shown


class Restores(RuleBasedStateMachine):
    """`shown` follows the read side; `is_lost` says that `default` may have lost events."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="order-desk-backups-"))
        self.kept: dict[str, list[Kept]] = {"default": [], "replica": []}
        self.shown: Shown = {}
        self.is_lost = False
        self.tokens: list[tuple[ConsistencyToken, UUID]] = []

    @initialize()
    def begin(self) -> None:
        for projection in PROJECTIONS:
            for slot in (Slot.SHADOW, Slot.RETIRED, Slot.CHECK, Slot.SAMPLE):
                TableCopy(projection, slot).drop()
        empty_both_sides()
        ParkedEvent.objects.all().delete()
        FeedHead.objects.update(epoch=0)
        LogEpoch.objects.update(epoch=0)
        customer()
        self.project()

    @rule()
    def register(self) -> None:
        customer()
        self.note_token()

    @rule(which=WHICH)
    def rename(self, which: int) -> None:
        if found := list(Customer.objects.order_by("pk").values_list("pk", flat=True)):
            accepted(UpdateCustomer, customer_id=found[which % len(found)], name=f"Name {which}")
            self.note_token()

    @rule()
    def project(self) -> None:
        before = rows()
        project(PROJECTIONS)
        if diagnose().projections:
            assert rows() == before
            assert failing("status")
        else:
            self.look()

    @rule(alias=st.sampled_from(["default", "replica"]))
    def back_up(self, alias: str) -> None:
        self.kept[alias].append(Kept(back_up(alias, self.folder), dict(self.shown)))

    @rule(which=WHICH, aliases=st.sampled_from([["default"], ["replica"], ["default", "replica"]]))
    def restore(self, which: int, aliases: list[str]) -> None:
        for alias in aliases:
            if not (kept := self.kept[alias]):
                continue
            chosen = kept[which % len(kept)]
            chosen.backup.restore()
            self.shown = dict(chosen.shown) if alias == "replica" else self.shown
            self.is_lost |= alias == "default"

    @rule()
    def heal(self) -> None:
        epoch, lost = FeedHead.objects.get().epoch, self.lost()
        is_ahead = "customers" in diagnose().serving
        arguments = ["--restored"] if self.is_lost else []
        healed = orjson.loads(projections("heal", "--json", *arguments))
        if is_ahead:
            assert {UUID(each["stream_id"]) for each in healed["lost"]} == lost
        if self.is_lost:
            assert FeedHead.objects.get().epoch not in (0, epoch)
        assert FeedHead.objects.get().epoch == LogEpoch.objects.get().epoch
        assert not diagnose().is_ahead
        self.is_lost = False
        self.project()
        self.check_tokens(FeedHead.objects.get().epoch)

    def check_tokens(self, epoch: int) -> None:
        """See that a token of this epoch is of an event that the log has and that is applied."""
        there = {*EventRecord.objects.values_list("event_id", flat=True)}
        for token, event_id in self.tokens:
            if token.epoch == epoch:
                assert event_id in there
                assert token_status(token, {"customers"}) is TokenStatus.APPLIED

    def note_token(self) -> None:
        """Keep the token that the last command has answered with."""
        last = EventRecord.objects.latest("id")
        epoch = FeedHead.objects.get().epoch
        token = ConsistencyToken("customer", last.stream_id, last.version, epoch)
        self.tokens.append((token, last.event_id))

    @rule(how=st.sampled_from(["", "--rollback", "--discard"]))
    def rebuild(self, how: str) -> None:
        try:
            projections("rebuild", "customers", *how.split())
        except CommandError as error:
            assert diagnose().is_ahead or "no old tables" in str(error), error  # noqa: PT017
        if not diagnose().projections:
            self.look()

    def look(self) -> None:
        """Note what the read side shows, which has applied nothing but this log."""
        made = {
            (key, version): event_id
            for key, version, event_id in EventRecord.objects.filter(
                stream_type="customer"
            ).values_list("stream_id", "version", "event_id")
        }
        found = CustomerReadModel.objects.values_list("pk", "version")
        self.shown = {key: (version, made[key, version]) for key, version in found}

    def lost(self) -> set[UUID]:
        """Return the customers of which the read side shows an event that the log lacks."""
        there = {*EventRecord.objects.values_list("event_id", flat=True)}
        return {key for key, (_, event_id) in self.shown.items() if event_id not in there}

    def teardown(self) -> None:
        self.heal()
        self.project()
        projections("status")
        assert "Everything agrees" in projections("verify")
        written = Customer.objects.order_by("pk").values_list("pk", "name", "version")
        shown = CustomerReadModel.objects.order_by("pk").values_list("pk", "name", "version")
        assert list(shown) == list(written)
        shutil.rmtree(self.folder)


def rows() -> list[Any]:
    return list(CustomerReadModel.objects.order_by("pk").values())


def failing(*arguments: str) -> str:
    with pytest.raises(CommandError, match="ahead of the log") as failure:
        projections(*arguments, output=io.StringIO())
    return str(failure.value)


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
@pytest.mark.usefixtures("no_wake_ups", "no_reactions", nothing_is_left.__name__)
@pytest.mark.timeout(3600 if FULL else 600)
def test_the_read_side_ends_as_the_log_says() -> None:
    run_state_machine_as_test(
        Restores,
        settings=settings(
            max_examples=50 if FULL else 4,
            stateful_step_count=20 if FULL else 12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
