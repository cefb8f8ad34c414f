from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("agents", "0004_sync_progress"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="asks_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
