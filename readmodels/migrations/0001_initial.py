import cqrs.projections.read_models
import django.contrib.postgres.indexes
import django.db.models.functions.comparison
from cqrs.projections.trigrams import Trigrams
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        Trigrams(),
        migrations.CreateModel(
            name='OrderCustomer',
            fields=[
                ('version', models.PositiveIntegerField()),
                ('position', models.BigIntegerField()),
                ('customer_id', models.UUIDField(primary_key=True, serialize=False)),
                ('name', models.CharField()),
                ('email', models.CharField()),
            ],
            options={
                'db_table': 'read_order_customers',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='OrderEventReadModel',
            fields=[
                ('version', models.PositiveIntegerField()),
                ('position', models.BigIntegerField()),
                ('id', cqrs.projections.read_models.KeyField(db_collation='C', primary_key=True, serialize=False)),
                ('customer_id', models.UUIDField()),
                ('document', models.TextField()),
            ],
            options={
                'verbose_name': 'event of an order',
                'verbose_name_plural': 'order history',
                'db_table': 'read_order_history',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='ProductName',
            fields=[
                ('version', models.PositiveIntegerField()),
                ('position', models.BigIntegerField()),
                ('id', cqrs.projections.read_models.KeyField(db_collation='C', primary_key=True, serialize=False)),
                ('product_name', models.CharField()),
            ],
            options={
                'db_table': 'read_product_names',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='SalesDayReadModel',
            fields=[
                ('version', models.PositiveIntegerField()),
                ('position', models.BigIntegerField()),
                ('id', cqrs.projections.read_models.KeyField(db_collation='C', primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('currency', models.CharField()),
                ('order_count', models.PositiveIntegerField()),
                ('cancelled_count', models.PositiveIntegerField()),
                ('revenue', models.DecimalField(decimal_places=4, max_digits=40)),
                ('document', models.TextField()),
            ],
            options={
                'verbose_name': 'day of sales',
                'verbose_name_plural': 'sales by day',
                'db_table': 'read_sales_days',
                'permissions': [('view_reports', 'Can see sales reports')],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='CustomerReadModel',
            fields=[
                ('version', models.PositiveIntegerField()),
                ('position', models.BigIntegerField()),
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('name', models.CharField()),
                ('email', models.CharField()),
                ('is_active', models.BooleanField()),
                ('registered_at', models.DateTimeField()),
                ('order_count', models.PositiveIntegerField()),
                ('open_order_count', models.PositiveIntegerField()),
                ('cancelled_count', models.PositiveIntegerField()),
                ('totals', models.JSONField()),
                ('last_order_at', models.DateTimeField(null=True)),
                ('document', models.TextField()),
            ],
            options={
                'verbose_name': 'customer',
                'db_table': 'read_customers',
                'permissions': [('view_customers', 'Can see customers')],
                'default_permissions': (),
                'indexes': [models.Index(fields=['registered_at', 'id'], name='read_customers_registered'), models.Index(fields=['name', 'id'], name='read_customers_name'), models.Index(fields=['order_count', 'id'], name='read_customers_orders'), models.Index(django.db.models.functions.comparison.Coalesce('last_order_at', django.db.models.functions.comparison.Cast(models.Value('-infinity'), models.DateTimeField())), models.F('id'), name='read_customers_last_order')],
            },
        ),
        migrations.CreateModel(
            name='CustomerSearch',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('search_text', models.TextField()),
            ],
            options={
                'db_table': 'read_customer_search',
                'default_permissions': (),
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['search_text'], name='read_customer_search_text', opclasses=['gin_trgm_ops'])],
            },
        ),
        migrations.CreateModel(
            name='OrderReadModel',
            fields=[
                ('version', models.PositiveIntegerField()),
                ('position', models.BigIntegerField()),
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('customer_id', models.UUIDField()),
                ('customer_name', models.CharField()),
                ('customer_email', models.CharField()),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('confirmed', 'Confirmed'), ('shipped', 'Shipped'), ('delivered', 'Delivered'), ('cancelled', 'Cancelled')])),
                ('currency', models.CharField()),
                ('total_amount', models.DecimalField(decimal_places=4, max_digits=24)),
                ('item_count', models.PositiveIntegerField()),
                ('order_date', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('document', models.TextField()),
            ],
            options={
                'verbose_name': 'order',
                'db_table': 'read_orders',
                'permissions': [('view_orders', 'Can see orders')],
                'default_permissions': (),
                'indexes': [models.Index(fields=['order_date', 'id'], name='read_orders_date'), models.Index(fields=['customer_id', 'order_date', 'id'], name='read_orders_customer'), models.Index(fields=['status', 'order_date', 'id'], name='read_orders_status'), models.Index(fields=['status', 'id'], name='read_orders_status_id'), models.Index(fields=['total_amount', 'id'], name='read_orders_total'), models.Index(fields=['customer_name', 'id'], name='read_orders_name')],
            },
        ),
        migrations.CreateModel(
            name='OrderSearch',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('search_text', models.TextField()),
                ('customer_id', models.UUIDField()),
            ],
            options={
                'db_table': 'read_order_search',
                'default_permissions': (),
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['search_text'], name='read_order_search_text', opclasses=['gin_trgm_ops'])],
            },
        ),
        migrations.CreateModel(
            name='ProductSalesReadModel',
            fields=[
                ('version', models.PositiveIntegerField()),
                ('position', models.BigIntegerField()),
                ('id', cqrs.projections.read_models.KeyField(db_collation='C', primary_key=True, serialize=False)),
                ('product_id', models.UUIDField()),
                ('product_name', models.CharField()),
                ('currency', models.CharField()),
                ('quantity', models.PositiveBigIntegerField()),
                ('revenue', models.DecimalField(decimal_places=4, max_digits=40)),
                ('order_count', models.PositiveIntegerField()),
                ('document', models.TextField()),
            ],
            options={
                'verbose_name': 'product that was sold',
                'verbose_name_plural': 'sales by product',
                'db_table': 'read_product_sales',
                'default_permissions': (),
                'indexes': [models.Index(fields=['revenue', 'id'], name='read_product_sales_revenue'), models.Index(fields=['quantity', 'id'], name='read_product_sales_quantity')],
            },
        ),
        migrations.CreateModel(
            name='StockReadModel',
            fields=[
                ('version', models.PositiveIntegerField()),
                ('position', models.BigIntegerField()),
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('sku', models.CharField()),
                ('name', models.CharField()),
                ('on_hand', models.PositiveIntegerField()),
                ('reserved', models.PositiveIntegerField()),
                ('available', models.PositiveIntegerField()),
                ('document', models.TextField()),
            ],
            options={
                'verbose_name': 'product',
                'db_table': 'read_stock',
                'permissions': [('view_stock', 'Can see the stock of products')],
                'default_permissions': (),
                'indexes': [models.Index(fields=['name', 'id'], name='read_stock_name'), models.Index(fields=['available', 'id'], name='read_stock_available')],
            },
        ),
        migrations.CreateModel(
            name='StockSearch',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('search_text', models.TextField()),
            ],
            options={
                'db_table': 'read_stock_search',
                'default_permissions': (),
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['search_text'], name='read_stock_search_text', opclasses=['gin_trgm_ops'])],
            },
        ),
    ]
