from typing import Any

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("calls", "0009_call_page")]

    operations: list[Any] = []
