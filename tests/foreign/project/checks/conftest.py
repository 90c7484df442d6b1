"""A librarian and a reader, known by their access tokens."""

import pytest
from django.db import connections
from django.test import Client
from hypothesis import settings
from rest_framework_simplejwt.tokens import AccessToken

settings.register_profile("cqrs", max_examples=10)


def client_of(name: str, *permissions: str) -> Client:
    token = AccessToken()
    token.payload.update(user_id=name, username=name, permissions=list(permissions))
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Test in the databases that `migrate` has made, instead of in new ones."""
    for alias in connections:
        database = connections[alias].settings_dict
        database["TEST"]["NAME"] = database["NAME"]


@pytest.fixture
def librarian() -> Client:
    return client_of("Ada", "lending.acquire_book", "lending.lend_book", "catalog.view_books")


@pytest.fixture
def reader() -> Client:
    return client_of("Bo", "catalog.view_books")
