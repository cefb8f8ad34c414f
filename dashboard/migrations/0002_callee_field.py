"""Whom a call without a number is for: what an API key says of it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One field of the key; without it such a call stays a record."""

    dependencies = [("dashboard", "0001_first_version")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="callee_field",
            field=models.CharField(blank=True, max_length=60),
        ),
    ]
