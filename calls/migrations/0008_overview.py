from typing import Any

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("calls", "0007_search")]

    operations: list[Any] = []
