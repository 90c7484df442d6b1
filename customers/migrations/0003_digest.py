from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0002_email_key'),
    ]

    operations = [
        migrations.AddField(
            model_name='customer',
            name='digest',
            field=models.CharField(editable=False, null=True, serialize=False),
        ),
    ]
