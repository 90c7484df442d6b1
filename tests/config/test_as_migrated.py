"""What a test has committed is gone after it, and what the migrations left is back."""

import pytest
from django.contrib.auth.models import Group, User

from config.roles import ROLES
from cqrs.event_log import sequencer
from cqrs.models import EventRecord, FeedHead
from customers.models import Customer
from tests.support import as_migrated
from tests.support.scenarios import customer


@pytest.mark.django_db(transaction=True)
class TestRestore:
    def test_empties_what_was_filled_and_fills_what_was_changed(self):
        customer()
        sequencer.sequence()
        clerk = Group.objects.get(name="clerk")
        held = set(clerk.permissions.values_list("codename", flat=True))
        User.objects.create(username="ada").groups.add(clerk)
        Group.objects.create(name="guests")
        clerk.delete()

        as_migrated.restore("default")
        assert not any(model.objects.exists() for model in (Customer, EventRecord, User))
        assert FeedHead.objects.get().position == 0
        assert {group.name for group in Group.objects.all()} == set(ROLES)
        permissions = Group.objects.get(name="clerk").permissions
        assert set(permissions.values_list("codename", flat=True)) == held

    def test_is_done_after_each_test_that_commits(self):
        assert not EventRecord.objects.exists()
        assert sequencer.head() == 0
