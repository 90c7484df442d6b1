import django.db.models.functions.datetime
from django.db import migrations, models

# The failures become work rows. An unfinished one of the new code is a failure to the old code,
# which retries it when it is due.
CARRY_OVER = """
INSERT INTO cqrs_reactionwork
    (reaction, position, event_id, stream_type, stream_id, version, type, attempts, due_at, error)
SELECT reaction, position, event_id, stream_type, stream_id, version, type, attempts, retry_at, error
FROM cqrs_reactionfailure JOIN cqrs_event USING (event_id)
ON CONFLICT DO NOTHING
"""
CARRY_BACK = """
INSERT INTO cqrs_reactionfailure (reaction, position, event_id, attempts, retry_at, error)
SELECT reaction, position, event_id, attempts, due_at, error FROM cqrs_reactionwork
ON CONFLICT DO NOTHING
"""
# A queue, as cqrs_pending is: every row is soon deleted.
STORAGE = """
ALTER TABLE cqrs_reactionwork SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000
)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cqrs', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReactionWork',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reaction', models.CharField(max_length=60)),
                ('position', models.BigIntegerField()),
                ('event_id', models.UUIDField()),
                ('stream_type', models.CharField(max_length=40)),
                ('stream_id', models.UUIDField()),
                ('version', models.PositiveIntegerField()),
                ('type', models.CharField(max_length=100)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'verbose_name': 'work of reactions',
                'verbose_name_plural': 'work of reactions',
                'default_permissions': (),
                'indexes': [models.Index(fields=['reaction', 'due_at', 'position'], name='cqrs_reactionwork_due')],
                'constraints': [models.UniqueConstraint(fields=('reaction', 'event_id'), name='cqrs_reactionwork_identity')],
            },
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
        migrations.RunSQL(CARRY_OVER, CARRY_BACK),
        migrations.DeleteModel(name='ReactionFailure'),
    ]
