from django.db import migrations


def seal(apps, schema_editor):
    from cqrs.adoption.sealing import seal_rows

    seal_rows('order', apps.get_model('orders', 'Order'))
    seal_rows('stock', apps.get_model('orders', 'StockItem'))


class Migration(migrations.Migration):

    # Chunk by chunk, so that no row is locked for long; after an interruption it goes on.
    atomic = False

    dependencies = [
        ('orders', '0002_digest'),
        ('cqrs', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(seal, migrations.RunPython.noop, elidable=True),
    ]
