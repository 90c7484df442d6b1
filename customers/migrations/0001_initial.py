import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('version', models.PositiveIntegerField(default=0)),
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('email', models.CharField(max_length=200)),
                ('is_active', models.BooleanField(default=True)),
                ('registered_at', models.DateTimeField()),
            ],
            options={
                'permissions': [('register_customer', 'Can register customers'), ('update_customer', 'Can update customers'), ('deactivate_customer', 'Can deactivate customers'), ('import_customer', 'Can import customers')],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='CustomerProfile',
            fields=[
                ('customer', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='profile', serialize=False, to='customers.customer')),
                ('language', models.CharField(default='en', max_length=10)),
                ('newsletter', models.BooleanField(default=False)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='customer_email_unique'),
        ),
    ]
