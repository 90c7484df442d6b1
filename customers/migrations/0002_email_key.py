from itertools import islice

from django.db import migrations, models

CHUNK = 2_000


def fill(apps, schema_editor):
    """Store the key of each address. Of customers with one address the oldest has the key."""
    from customers.fields import canonical_email

    alias = schema_editor.connection.alias
    model = apps.get_model('customers', 'Customer')
    rows = model.objects.using(alias).order_by('registered_at', 'id').only('id', 'email').iterator(CHUNK)
    taken = set()
    while chunk := list(islice(rows, CHUNK)):
        for customer in chunk:
            key = canonical_email(customer.email)
            customer.email_key = None if key in taken else key
            taken.add(key)
        model.objects.using(alias).bulk_update(chunk, ['email_key'])


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='customer',
            name='email_key',
            field=models.CharField(editable=False, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.UniqueConstraint(fields=('email_key',), name='customer_email_key_unique'),
        ),
    ]
