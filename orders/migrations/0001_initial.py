import django.db.models.deletion
from django.db import migrations, models


# Room on the pages of rows that are updated, so that updates need no new index entries.
ROOM = """
ALTER TABLE orders_stockitem SET (fillfactor = 60);
ALTER TABLE orders_order SET (fillfactor = 85);
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Order',
            fields=[
                ('version', models.PositiveIntegerField(default=0)),
                ('shipping_street', models.CharField(max_length=200)),
                ('shipping_city', models.CharField(max_length=200)),
                ('shipping_state', models.CharField(max_length=200)),
                ('shipping_postal_code', models.CharField(max_length=200)),
                ('shipping_country', models.CharField(max_length=200)),
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('customer_id', models.UUIDField()),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('confirmed', 'Confirmed'), ('shipped', 'Shipped'), ('delivered', 'Delivered'), ('cancelled', 'Cancelled')], default='pending', max_length=10)),
                ('currency', models.CharField(max_length=3)),
                ('total_amount', models.DecimalField(decimal_places=4, max_digits=24)),
                ('order_date', models.DateTimeField()),
                ('special_instructions', models.TextField(blank=True, default='')),
                ('carrier', models.CharField(blank=True, default='', max_length=200)),
                ('tracking_number', models.CharField(blank=True, default='', max_length=200)),
            ],
            options={
                'permissions': [('create_order', 'Can create orders'), ('confirm_order', 'Can confirm orders'), ('ship_order', 'Can ship orders'), ('deliver_order', 'Can deliver orders'), ('cancel_order', 'Can cancel orders'), ('import_order', 'Can import orders')],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'confirmed', 'shipped', 'delivered', 'cancelled'])), name='order_status'), models.CheckConstraint(condition=models.Q(('total_amount__gte', 0)), name='order_total_from_0')],
            },
        ),
        migrations.CreateModel(
            name='StockItem',
            fields=[
                ('version', models.PositiveIntegerField(default=0)),
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('sku', models.CharField(blank=True, default='', max_length=200)),
                ('name', models.CharField(blank=True, default='', max_length=200)),
                ('on_hand', models.PositiveIntegerField(default=0)),
                ('reserved', models.PositiveIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'stock item',
                'permissions': [('set_stock', 'Can set the stock of a product')],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('reserved__gte', 0), ('reserved__lte', models.F('on_hand'))), name='stock_reserved_within_on_hand')],
            },
        ),
        migrations.CreateModel(
            name='OrderLine',
            fields=[
                ('pk', models.CompositePrimaryKey('order_id', 'number', blank=True, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('product_id', models.UUIDField()),
                ('product_name', models.CharField(max_length=200)),
                ('quantity', models.PositiveIntegerField()),
                ('reserved_quantity', models.PositiveIntegerField(default=0)),
                ('unit_price', models.DecimalField(decimal_places=4, max_digits=24)),
                ('line_total', models.DecimalField(decimal_places=4, max_digits=24)),
                ('currency', models.CharField(max_length=3)),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='orders.order')),
            ],
            options={
                'verbose_name': 'order line',
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('reserved_quantity', 0), ('reserved_quantity', models.F('quantity')), _connector='OR'), name='order_line_reserved_all_or_none')],
            },
        ),
        migrations.RunSQL(ROOM, migrations.RunSQL.noop),
    ]
