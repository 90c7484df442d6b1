"""The roles: Django groups with the permissions that messages require."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

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


def create_roles(using: str, **_: Any) -> None:
    """Create each role's group and add its permissions. Runs after every migration."""
    if using != "default":
        return
    for name, permissions in ROLES.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.add(*Permission.objects.filter(_any_of(permissions)))


def _any_of(permissions: tuple[str, ...]) -> Q:
    condition = Q()
    for permission in permissions:
        app_label, codename = permission.split(".")
        condition |= Q(content_type__app_label=app_label, codename=codename)
    return condition
