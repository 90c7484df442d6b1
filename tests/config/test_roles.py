"""A migration gives the roles what is new, and gives nothing back that was taken away."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from config.models import RoleGrant
from config.roles import ROLES

pytestmark = pytest.mark.django_db


def migrated() -> set[str]:
    """Migrate, and return the clerk's permissions."""
    call_command("migrate", verbosity=0)
    found = Group.objects.get(name="clerk").permissions.values_list(
        "content_type__app_label", "codename"
    )
    return {f"{app_label}.{codename}" for app_label, codename in found}


def take_away(codename: str) -> None:
    Group.objects.get(name="clerk").permissions.remove(Permission.objects.get(codename=codename))


class TestMigrate:
    def test_leaves_a_removed_permission_removed(self):
        take_away("cancel_order")
        assert migrated() == set(ROLES["clerk"]) - {"orders.cancel_order"}

    def test_grants_what_is_new(self):
        take_away("create_order")
        take_away("cancel_order")
        RoleGrant.objects.filter(role="clerk", permission="orders.create_order").delete()
        assert migrated() == set(ROLES["clerk"]) - {"orders.cancel_order"}

    def test_leaves_an_added_permission(self):
        Group.objects.get(name="clerk").permissions.add(
            Permission.objects.get(codename="ship_order")
        )
        assert migrated() == {*ROLES["clerk"], "orders.ship_order"}

    def test_makes_a_deleted_role_anew(self):
        Group.objects.get(name="clerk").delete()
        assert migrated() == set(ROLES["clerk"])
