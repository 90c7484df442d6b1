from django.db import migrations


def seal(apps, schema_editor):
    from cqrs.adoption.sealing import seal_rows

    seal_rows('customer', apps.get_model('customers', 'Customer'))


class Migration(migrations.Migration):

    # Chunk by chunk, so that no row is locked for long; after an interruption it goes on.
    atomic = False

    dependencies = [
        ('customers', '0003_digest'),
        ('cqrs', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(seal, migrations.RunPython.noop, elidable=True),
    ]
