"""How many requests a minute an API key may make."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One field of the key; the keys there are stay without a limit."""

    dependencies = [("dashboard", "0002_calling_hours")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="requests_per_minute",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
