from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='digest',
            field=models.CharField(editable=False, null=True, serialize=False),
        ),
        migrations.AddField(
            model_name='order',
            name='lines_digest',
            field=models.CharField(editable=False, null=True, serialize=False),
        ),
        migrations.AddField(
            model_name='stockitem',
            name='digest',
            field=models.CharField(editable=False, null=True, serialize=False),
        ),
    ]
