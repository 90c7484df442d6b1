"""The migrations make the tables that the models describe, each on its own database."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections, router

PACKAGES = ("cqrs", "cqrs_projections", "customers", "orders", "readmodels")
READ_SIDE = ("cqrs_projections", "readmodels")


@pytest.mark.django_db(databases=["default", "replica"])
class TestMigrations:
    def test_are_complete(self):
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)

    @pytest.mark.parametrize("alias", ["default", "replica"])
    def test_make_each_table_where_the_router_wants_it_and_nowhere_else(self, alias: str):
        there = set(connections[alias].introspection.table_names())
        ours = [model for app in PACKAGES for model in apps.get_app_config(app).get_models()]
        assert ours
        for model in ours:
            belongs = router.allow_migrate_model(alias, model)
            assert (model._meta.db_table in there) == belongs, (alias, model.__name__)
            assert belongs == (
                alias == ("replica" if model._meta.app_label in READ_SIDE else "default")
            )
