"""Kinds of calls, and the indexes by which their rows are merged."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from calls.history.days import HOURS
from calls.history.kinds import ALIKE, EDGES
from calls.history.marks import mark

UUID = models.UUIDField
TIME = ("-created_at", "-call")
UTC = "(f.created_at AT TIME ZONE 'UTC')"
SPANS = {"duration": "duration_ms", "cost": "cost_micros"}


def index(name: str, *fields: str, **more: Any) -> Any:
    """Return the operation that makes an index of the narrow rows."""
    made = models.Index(fields=fields, name=name, **more)
    return migrations.AddIndex(model_name="found", index=made)


def word(length: int, **more: Any) -> Any:
    """Return a column of short words."""
    return models.CharField(max_length=length, **more)


def give_kinds(apps: Any, editor: Any) -> None:
    """Write the kinds of the rows there are, and give each row its own."""
    if editor.connection.vendor != "postgresql":
        return
    steps = {name: _step(name, column) for name, column in SPANS.items()}
    columns = ", ".join(["workspace_id", *ALIKE, *steps.values()])
    with editor.connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT {columns} FROM calls_found")
        kinds = [_kind(*row) for row in cursor.fetchall()]
        names = ["id", "workspace_id", *ALIKE, "duration_from", "duration_below"]
        names += ["cost_from", "cost_below"]
        places = ", ".join(["%s"] * len(names))
        insert = f"INSERT INTO calls_foundkind ({', '.join(names)}) VALUES ({places})"
        cursor.executemany(insert, kinds)
        same = [f"f.{name} IS NOT DISTINCT FROM k.{name}" for name in ALIKE]
        same += [
            f"f.{column} >= k.{name}_from AND f.{column} < k.{name}_below"
            for name, column in SPANS.items()
        ]
        _give_hours(cursor, {space for _, space, *_ in kinds})
        hour = "(EXTRACT(isodow FROM {0}) - 1) * 24 + EXTRACT(hour FROM {0})"
        same.append(f"h.hour = {hour.format(UTC)}")
        cursor.execute(
            "UPDATE calls_found f SET kind_id = k.id, marks = f.marks || h.mark "
            "FROM calls_foundkind k, hours h WHERE f.workspace_id = k.workspace_id "
            f"AND f.workspace_id = h.workspace_id AND {' AND '.join(same)}"
        )
        cursor.execute("DROP TABLE hours")


def _give_hours(cursor: Any, spaces: Any) -> None:
    """Write down the mark of each hour of the week."""
    cursor.execute(
        "CREATE TEMPORARY TABLE hours (workspace_id uuid, hour int, mark bigint)"
    )
    rows = [(s, h, mark(s, "utc_hour", h)) for s in spaces for h in range(HOURS)]
    cursor.executemany("INSERT INTO hours VALUES (%s, %s, %s)", rows)


def _step(name: str, column: str) -> str:
    """Return the SQL of which span a value lies in, counted from 0."""
    edges = ", ".join(map(str, EDGES[name]))
    return f"width_bucket({column}, ARRAY[{edges}]::bigint[]) - 1"


def _kind(space: Any, *row: Any) -> list[Any]:
    """Return a row of `FoundKind`; its id is made as `kinds.write` makes it."""
    *alike, duration, cost = row
    spans = [EDGES[n][at : at + 2] for n, at in (("duration", duration), ("cost", cost))]
    words = " ".join(map(str, [*alike, *spans]))
    return [mark(space, "kind", words), space, *alike, *spans[0], *spans[1]]


class Migration(migrations.Migration):
    dependencies = [
        ("calls", "0003_context_variables"),
        ("dashboard", "0001_first_version"),
    ]

    operations = [
        migrations.CreateModel(
            name="FoundKind",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("status", word(13)),
                ("outcome", word(13)),
                ("answered_by", word(7, blank=True)),
                ("end_reason", word(20, blank=True)),
                ("fault", word(8, blank=True)),
                ("direction", word(8)),
                ("type", word(5)),
                ("source", word(10)),
                ("sentiment", word(8, blank=True)),
                ("successful", models.BooleanField(null=True)),
                ("is_reviewed", models.BooleanField(default=False)),
                ("has_recording", models.BooleanField(default=False)),
                ("connection_id", UUID()),
                ("agent_id", UUID(null=True)),
                ("agent_version", models.PositiveIntegerField(null=True)),
                ("phone_number_id", UUID(null=True)),
                ("duration_from", models.BigIntegerField()),
                ("duration_below", models.BigIntegerField()),
                ("cost_from", models.BigIntegerField()),
                ("cost_below", models.BigIntegerField()),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="kinds",
                        to="dashboard.workspace",
                    ),
                ),
            ],
        ),
        migrations.AddField("found", "kind_id", models.BigIntegerField(null=True)),
        migrations.RunPython(give_kinds, migrations.RunPython.noop),
        index("found_kind_newest", "kind_id", "-created_at", "-call"),
        index("found_kind_longest", "kind_id", "-duration_ms", *TIME),
        index("found_kind_dearest", "kind_id", "-cost_micros", *TIME),
        migrations.RemoveIndex("found", "found_longest"),
        migrations.RemoveIndex("found", "found_dearest"),
        index("found_longest", "workspace_id", "-duration_ms", *TIME),
        index("found_dearest", "workspace_id", "-cost_micros", *TIME),
        index(
            "found_by_person",
            *("launched_by_id", "-created_at", "-call"),
            condition=Q(launched_by_id__isnull=False),
        ),
        index(
            "found_by_key",
            *("api_key_id", "-created_at", "-call"),
            condition=Q(api_key_id__isnull=False),
        ),
    ]
