"""Move the search texts with their trigram indexes into tables that change as seldom as they do.

The texts are copied, not projected anew: what the log says of the tables is what they hold.
"""

import django.contrib.postgres.indexes
from django.db import migrations, models

# model of the rows, model of the texts, table of the rows, table of the texts, other columns
MOVES = [
    ("OrderReadModel", "OrderSearch", "read_orders", "read_order_search", ["customer_id"]),
    ("CustomerReadModel", "CustomerSearch", "read_customers", "read_customer_search", []),
    ("StockReadModel", "StockSearch", "read_stock", "read_stock_search", []),
]


def move(rows, texts, rows_table, texts_table, others):
    columns = ", ".join(["id", "search_text", *others])
    return [
        # first, because the table of the stock's texts takes its index's name
        migrations.RemoveIndex(model_name=rows.lower(), name=f"{rows_table}_search"),
        migrations.CreateModel(
            name=texts,
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("search_text", models.TextField()),
                *((name, models.UUIDField()) for name in others),
            ],
            options={"db_table": texts_table, "default_permissions": ()},
        ),
        migrations.RunSQL(
            f"INSERT INTO {texts_table} ({columns}) SELECT {columns} FROM {rows_table}",  # noqa: S608
            f"UPDATE {rows_table} SET search_text = texts.search_text"  # noqa: S608
            f" FROM {texts_table} AS texts WHERE texts.id = {rows_table}.id",
        ),
        migrations.AddIndex(
            model_name=texts.lower(),
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["search_text"], name=f"{texts_table}_text", opclasses=["gin_trgm_ops"]
            ),
        ),
        migrations.AlterField(rows.lower(), "search_text", models.TextField(default="")),
        migrations.RemoveField(model_name=rows.lower(), name="search_text"),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("readmodels", "0005_reports"),
    ]

    operations = [operation for each in MOVES for operation in move(*each)]
