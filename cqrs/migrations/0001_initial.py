import django.db.models.functions.datetime
from django.db import migrations, models


STORAGE = """
-- A queue: every row is soon deleted, and the sequencer would wade through the dead ones.
ALTER TABLE cqrs_pending SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);
-- One row that is updated all the time: room on its page keeps the updates there (HOT).
ALTER TABLE cqrs_feedhead SET (
    fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000
);
"""
FIRST_ROW = "INSERT INTO cqrs_feedhead (id, position, epoch) VALUES (1, 0, 0)"


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('position', models.BigIntegerField(primary_key=True, serialize=False)),
                ('event_id', models.BigIntegerField(unique=True)),
                ('bucket', models.PositiveSmallIntegerField()),
                ('sequenced_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='Pending',
            fields=[
                ('event_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('bucket', models.PositiveSmallIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='EventRecord',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('event_id', models.UUIDField(unique=True)),
                ('stream_type', models.CharField(max_length=40)),
                ('stream_id', models.UUIDField()),
                ('version', models.PositiveIntegerField()),
                ('type', models.CharField(max_length=100)),
                ('schema_version', models.PositiveSmallIntegerField()),
                ('data', models.JSONField()),
                ('metadata', models.JSONField()),
                ('key_id', models.UUIDField(null=True)),
                ('occurred_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'cqrs_event',
                'constraints': [models.UniqueConstraint(fields=('stream_id', 'stream_type', 'version'), name='cqrs_event_stream_version'), models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='cqrs_event_version_from_1')],
            },
        ),
        migrations.CreateModel(
            name='FeedHead',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('position', models.BigIntegerField(default=0)),
                ('epoch', models.BigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='cqrs_feedhead_single_row')],
            },
        ),
        migrations.CreateModel(
            name='IdempotentAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('actor', models.CharField(max_length=150)),
                ('command', models.CharField(max_length=60)),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.CharField(max_length=64)),
                ('answer', models.JSONField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'cqrs_idempotency',
                'indexes': [models.Index(fields=['created_at'], name='cqrs_idempotency_expiry')],
                'constraints': [models.UniqueConstraint(fields=('actor', 'command', 'key'), name='cqrs_idempotency_scope')],
            },
        ),
        migrations.CreateModel(
            name='ReactionCheckpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('consumer', models.CharField(max_length=60)),
                ('version', models.PositiveSmallIntegerField()),
                ('partition', models.PositiveSmallIntegerField()),
                ('partitions', models.PositiveSmallIntegerField()),
                ('position', models.BigIntegerField(default=0)),
                ('event_id', models.UUIDField(null=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('consumer', 'version', 'partition'), name='cqrs_reactioncheckpoint_identity')],
            },
        ),
        migrations.CreateModel(
            name='ReactionFailure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reaction', models.CharField(max_length=60)),
                ('position', models.BigIntegerField()),
                ('event_id', models.UUIDField()),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('retry_at', models.DateTimeField(null=True)),
                ('error', models.TextField()),
            ],
            options={
                'indexes': [models.Index(fields=['reaction', 'retry_at'], name='cqrs_reactionfailure_due')],
                'constraints': [models.UniqueConstraint(fields=('reaction', 'position'), name='cqrs_reactionfailure_identity')],
            },
        ),
        migrations.RunSQL(FIRST_ROW, migrations.RunSQL.noop),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
