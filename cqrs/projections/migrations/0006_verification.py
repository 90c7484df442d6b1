from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cqrs_projections', '0005_change_capture'),
    ]

    operations = [
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('projection', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('drifts', models.PositiveIntegerField(default=0)),
                ('sampled_at', models.DateTimeField(null=True)),
                ('verified_at', models.DateTimeField(null=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
