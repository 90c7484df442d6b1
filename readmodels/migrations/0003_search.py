"""Search any part of a text by its trigrams, and sort who never ordered before all others."""

import django.contrib.postgres.indexes
import django.db.models.functions.comparison
from django.contrib.postgres.operations import TrigramExtension
from django.core.management.base import CommandError
from django.db import Error, migrations, models


class Trigrams(TrigramExtension):
    """The extension, or an error that says how to get it: a role may lack the right to."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        except Error as error:
            name = schema_editor.connection.settings_dict["NAME"]
            raise CommandError(
                f"The search needs PostgreSQL's extension pg_trgm in the database {name!r}, and it"
                f" could not be created ({str(error).splitlines()[0]}). Let a superuser run"
                " CREATE EXTENSION pg_trgm there (it is part of postgresql-contrib), or grant"
                " CREATE on the database to the role that migrates; then migrate again."
            ) from error


class Migration(migrations.Migration):

    dependencies = [
        ('readmodels', '0002_stock'),
    ]

    operations = [
        Trigrams(),
        migrations.RemoveIndex(
            model_name='customerreadmodel',
            name='read_customers_last_order',
        ),
        migrations.AddIndex(
            model_name='customerreadmodel',
            index=models.Index(django.db.models.functions.comparison.Coalesce('last_order_at', django.db.models.functions.comparison.Cast(models.Value('-infinity'), models.DateTimeField())), models.F('id'), name='read_customers_last_order'),
        ),
        migrations.AddIndex(
            model_name='customerreadmodel',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search_text'], name='read_customers_search', opclasses=['gin_trgm_ops']),
        ),
        migrations.AddIndex(
            model_name='orderreadmodel',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search_text'], name='read_orders_search', opclasses=['gin_trgm_ops']),
        ),
        migrations.AddIndex(
            model_name='stockreadmodel',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search_text'], name='read_stock_search', opclasses=['gin_trgm_ops']),
        ),
    ]
