"""Create the demo users, and print how to log in."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import transaction

from config.secret_files import DEMO_PASSWORD_FILE, stored_secret

USERS = {
    "admin": "superuser",
    "clerk": "places and changes orders",
    "warehouse": "confirms, ships, delivers, sets stock",
    "viewer": "reads only",
}


class Command(BaseCommand):
    """Create `admin`, `clerk`, `warehouse` and `viewer` with DEMO_PASSWORD or a random password.

    The random password is created once and stored in a file that only its owner can read.
    """

    help = (
        "Create the demo users (password: DEMO_PASSWORD, else a random one stored in a file)."
        " Example: DEMO_PASSWORD=... manage.py create_demo_users. Exit codes: 0; 1 when it failed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        password = settings.DEMO_PASSWORD or stored_secret(DEMO_PASSWORD_FILE)
        _create_users(password)
        self.stdout.write("Demo users:")
        for name, what in USERS.items():
            self.stdout.write(f"  {name:<10} {what}")
        self.stdout.write(f"  password   {password}")


@transaction.atomic
def _create_users(password: str) -> None:
    users = get_user_model().objects
    admin = users.filter(username="admin").first()
    # Hashing is slow on purpose: all four share one hash, and a start with the same password only
    # checks it. A new hash would also end all admin sessions.
    unchanged = admin is not None and check_password(password, admin.password)
    encoded = admin.password if admin and unchanged else make_password(password)
    for name in USERS:
        defaults = {"password": encoded, "is_staff": True, "is_superuser": name == "admin"}
        user, created = users.get_or_create(username=name, defaults=defaults)
        if created and name != "admin":
            user.groups.add(Group.objects.get(name=name))
    users.filter(username__in=USERS).exclude(password=encoded).update(password=encoded)
