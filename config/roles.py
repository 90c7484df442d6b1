"""The roles: Django groups with the permissions that messages require."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction

from config.models import RoleGrant

READ = (
    "readmodels.view_orders",
    "readmodels.view_customers",
    "readmodels.view_stock",
    "readmodels.view_reports",
)

ROLES = {
    "viewer": READ,
    "clerk": (
        *READ,
        "customers.register_customer",
        "customers.update_customer",
        "customers.deactivate_customer",
        "orders.create_order",
        "orders.cancel_order",
    ),
    "warehouse": (
        *READ,
        "orders.confirm_order",
        "orders.ship_order",
        "orders.deliver_order",
        "orders.set_stock",
    ),
}


@transaction.atomic(using="default")
def create_roles(using: str, **_: Any) -> None:
    """Create each role's group and add the permissions that are new. Runs after every migration."""
    if using != "default" or not _has_table():
        return
    for role, permissions in ROLES.items():
        group, is_new = Group.objects.get_or_create(name=role)
        if is_new:
            RoleGrant.objects.filter(role=role).delete()
        known = RoleGrant.objects.filter(role=role).values_list("permission", flat=True)
        _grant(group, sorted({*permissions} - {*known}))


def _grant(group: Group, permissions: Sequence[str]) -> None:
    for permission in permissions:
        app_label, codename = permission.split(".")
        found = Permission.objects.filter(content_type__app_label=app_label, codename=codename)
        if not found:
            continue  # its app is not migrated yet
        group.permissions.add(*found)
        RoleGrant.objects.create(role=group.name, permission=permission)


def _has_table() -> bool:
    """Return whether the table exists: not after a migration backwards."""
    return RoleGrant._meta.db_table in connection.introspection.table_names()
