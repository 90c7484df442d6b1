from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cqrs_projections', '0004_logepoch'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChangeOffset',
            fields=[
                ('id', models.CharField(max_length=36, primary_key=True, serialize=False)),
                ('offset_key', models.TextField(null=True)),
                ('offset_val', models.TextField(null=True)),
                ('record_insert_ts', models.DateTimeField()),
                ('record_insert_seq', models.IntegerField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='CaptureState',
            fields=[
                ('source', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('state', models.CharField(max_length=20)),
                ('reason', models.TextField(default='')),
                ('since', models.DateTimeField()),
                ('heard_at', models.DateTimeField(null=True)),
                ('captured_at', models.DateTimeField(null=True)),
                ('changes', models.BigIntegerField(default=0)),
                ('scan_due', models.BooleanField(default=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
