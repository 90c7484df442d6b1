import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections

from customers.models import Customer
from readmodels.models import CustomerReadModel, OrderReadModel
from readmodels.router import ReadModelRouter

BOTH = pytest.mark.django_db(databases=["default", "replica"])
READ_SIDE = ("cqrs_projections", "readmodels")
router = ReadModelRouter()


class TestReadModelRouter:
    def test_sends_every_model_to_the_database_of_its_side(self) -> None:
        for model in apps.get_models(include_auto_created=True):
            side = "replica" if model._meta.app_label in READ_SIDE else "default"
            assert router.db_for_read(model) == router.db_for_write(model) == side
            assert router.allow_migrate(side, model._meta.app_label) is True

    @BOTH
    def test_neither_database_holds_tables_of_the_other_side(self) -> None:
        read_tables = {
            model._meta.db_table
            for label in READ_SIDE
            for model in apps.get_app_config(label).models.values()
        }
        for alias, own in (("default", False), ("replica", True)):
            tables = set(connections[alias].introspection.table_names()) - {"django_migrations"}
            assert {table in read_tables for table in tables} == {own}

    def test_refuses_relations_between_the_sides(self) -> None:
        assert router.allow_relation(OrderReadModel(), CustomerReadModel()) is True
        assert router.allow_relation(OrderReadModel(), Customer()) is False

    @BOTH
    def test_the_migrations_are_complete(self) -> None:
        call_command("makemigrations", *READ_SIDE, check=True, dry_run=True)

    @pytest.mark.django_db
    def test_permissions_of_read_models_live_on_the_write_side(self) -> None:
        permission = apps.get_model("auth.Permission")
        found = permission.objects.filter(content_type__app_label__in=READ_SIDE)
        codenames = set(found.values_list("codename", flat=True))
        assert codenames == {
            "view_orders", "view_customers", "view_stock", "view_reports", "view_parked",
            "handle_parked",
        }  # fmt: skip
