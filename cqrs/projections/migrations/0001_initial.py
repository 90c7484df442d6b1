from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='ParkedEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('consumer', models.CharField(max_length=60)),
                ('position', models.BigIntegerField()),
                ('bucket', models.PositiveSmallIntegerField()),
                ('event_id', models.UUIDField()),
                ('stream_type', models.CharField(max_length=40)),
                ('stream_id', models.UUIDField()),
                ('version', models.PositiveIntegerField()),
                ('type', models.CharField(max_length=100)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('retry_at', models.DateTimeField(null=True)),
                ('error', models.TextField(default='')),
                ('parked_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'parked event',
                'permissions': [('view_parked', 'Can see parked events'), ('handle_parked', 'Can retry and discard parked events')],
                'abstract': False,
                'default_permissions': (),
                'indexes': [models.Index(fields=['consumer', 'stream_id', 'stream_type'], name='parkedevent_stream')],
                'constraints': [models.UniqueConstraint(fields=('consumer', 'position'), name='cqrs_projections_parkedevent_identity')],
            },
        ),
        migrations.CreateModel(
            name='ProjectionCheckpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('consumer', models.CharField(max_length=60)),
                ('version', models.PositiveSmallIntegerField()),
                ('partition', models.PositiveSmallIntegerField()),
                ('partitions', models.PositiveSmallIntegerField()),
                ('position', models.BigIntegerField(default=0)),
                ('event_id', models.UUIDField(null=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('caught_up_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'cqrs_projections_checkpoint',
                'abstract': False,
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('consumer', 'version', 'partition'), name='cqrs_projections_projectioncheckpoint_identity')],
            },
        ),
    ]
