import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cqrs', '0002_reaction_work'),
    ]

    operations = [
        migrations.CreateModel(
            name='ParkedChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stream_type', models.CharField(max_length=40)),
                ('stream_id', models.UUIDField(null=True)),
                ('reason', models.TextField()),
                ('is_held', models.BooleanField(default=False)),
                ('parked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('stream_type', 'stream_id'), name='cqrs_parkedchange_identity')],
            },
        ),
    ]
