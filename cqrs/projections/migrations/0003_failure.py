from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cqrs_projections", "0002_tombstone")]

    operations = [
        migrations.AddField(
            model_name="projectioncheckpoint",
            name="failure",
            field=models.TextField(null=True),
        ),
    ]
