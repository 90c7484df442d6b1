from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('lending', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='copy',
            name='digest',
            field=models.CharField(editable=False, null=True, serialize=False),
        ),
    ]
