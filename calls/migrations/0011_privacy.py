from typing import Any

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("calls", "0010_exports")]

    operations: list[Any] = []
