from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("readmodels", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerOrders",
            fields=[
                ("version", models.PositiveIntegerField()),
                ("position", models.BigIntegerField()),
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("document", models.TextField()),
            ],
            options={
                "db_table": "read_customer_orders",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="CustomerOrderDate",
            fields=[
                ("version", models.PositiveIntegerField()),
                ("position", models.BigIntegerField()),
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("customer_id", models.UUIDField()),
                ("order_date", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "read_customer_order_dates",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        fields=["customer_id", "order_date"],
                        name="read_customer_orders_latest",
                    )
                ],
            },
        ),
    ]
