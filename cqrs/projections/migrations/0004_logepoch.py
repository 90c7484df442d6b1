from django.db import migrations, models

FIRST_ROW = "INSERT INTO cqrs_projections_logepoch (id, epoch) VALUES (1, 0)"


class Migration(migrations.Migration):

    dependencies = [
        ('cqrs_projections', '0003_failure'),
    ]

    operations = [
        migrations.CreateModel(
            name='LogEpoch',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('epoch', models.BigIntegerField(default=0)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='cqrs_projections_logepoch_single_row')],
            },
        ),
        migrations.RunSQL(FIRST_ROW, migrations.RunSQL.noop),
    ]
