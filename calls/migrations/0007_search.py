"""What the history finds calls by: narrow rows, their words, and the indexes."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models, transaction
from django.db.models import Q
from django.db.utils import DatabaseError

import calls.models.search

POSTGRES = (
    "CREATE INDEX found_by_marks ON calls_found USING gin (marks)",
    "CREATE INDEX found_by_words ON calls_foundwords USING gin (words)",
    # Much is appended and little changed: statistics must follow the newest rows.
    "ALTER TABLE calls_found SET (autovacuum_vacuum_insert_scale_factor = 0.05)",
)
TRIGRAMS = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX found_by_names ON calls_foundwords USING gin (names gin_trgm_ops)",
    "CREATE INDEX found_by_digits ON calls_found USING gin (digits gin_trgm_ops)",
    "CREATE INDEX contact_by_any_name ON calls_contact "
    "USING gin (upper(name) gin_trgm_ops)",
)
SQLITE = (
    "CREATE VIRTUAL TABLE calls_foundtext USING fts5 "
    "(words, tokenize = 'unicode61 remove_diacritics 0')",
    # Nothing of a call stays behind when its row goes.
    "CREATE TRIGGER calls_foundtext_gone AFTER DELETE ON calls_foundwords BEGIN "
    "DELETE FROM calls_foundtext WHERE rowid = old.id; END",
)


def make_indexes(apps: Any, editor: Any) -> None:
    """Make what only one of the databases has."""
    if editor.connection.vendor == "sqlite":
        for statement in SQLITE:
            editor.execute(statement)
        return
    for statement in POSTGRES:
        editor.execute(statement)
    try:
        with transaction.atomic(using=editor.connection.alias):
            for statement in TRIGRAMS:
                editor.execute(statement)
    except DatabaseError as error:
        print(  # noqa: T201: said to whoever migrates
            f"\n  No pg_trgm ({str(error).splitlines()[0]}): names are found by the "
            "beginnings of their words only. See docs/scale.md."
        )


def drop_indexes(apps: Any, editor: Any) -> None:
    """Take away what is not a part of the tables."""
    if editor.connection.vendor == "sqlite":
        editor.execute("DROP TABLE calls_foundtext")
    else:
        editor.execute("DROP INDEX IF EXISTS contact_by_any_name")


def newest(name: str, *fields: str, **more: Any) -> Any:
    """Return the operation that makes an index of the narrow rows."""
    index = models.Index(fields=fields, name=name, **more)
    return migrations.AddIndex(model_name="found", index=index)


def without_index(name: str, to: str, rule: Any) -> Any:
    """Return the operation that takes away a foreign key's own index."""
    key = models.ForeignKey(
        to=to,
        on_delete=rule,
        related_name="calls",
        db_index=False,
        **({} if name == "workspace" else {"null": True, "blank": True}),
    )
    return migrations.AlterField("call", name, key)


OVERLAPPED = (
    ("workspace", "dashboard.workspace", models.CASCADE),
    ("agent", "agents.agent", models.PROTECT),
    ("contact", "calls.contact", models.SET_NULL),
)
PATTERNS = ["uuid_ops", "varchar_pattern_ops"]
UUID = models.UUIDField


class Migration(migrations.Migration):
    dependencies = [("calls", "0006_review")]

    operations = [
        migrations.CreateModel(
            name="Found",
            fields=[
                (
                    "call",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="found",
                        serialize=False,
                        to="calls.call",
                    ),
                ),
                ("workspace_id", UUID()),
                ("created_at", models.DateTimeField()),
                ("duration_ms", models.BigIntegerField(default=-1)),
                ("cost_micros", models.BigIntegerField(default=-1)),
                ("connection_id", UUID()),
                ("agent_id", UUID(null=True)),
                ("phone_number_id", UUID(null=True)),
                ("contact_id", UUID(null=True)),
                ("api_key_id", UUID(null=True)),
                ("launched_by_id", models.BigIntegerField(null=True)),
                ("agent_version", models.PositiveIntegerField(null=True)),
                ("status", models.CharField(max_length=13)),
                ("outcome", models.CharField(max_length=13)),
                ("answered_by", models.CharField(blank=True, max_length=7)),
                ("end_reason", models.CharField(blank=True, max_length=20)),
                ("fault", models.CharField(blank=True, max_length=8)),
                ("direction", models.CharField(max_length=8)),
                ("type", models.CharField(max_length=5)),
                ("source", models.CharField(max_length=10)),
                ("sentiment", models.CharField(blank=True, max_length=8)),
                ("successful", models.BooleanField(null=True)),
                ("is_reviewed", models.BooleanField(default=False)),
                ("has_recording", models.BooleanField(default=False)),
                ("digits", models.CharField(blank=True, max_length=40)),
                ("tail", models.CharField(blank=True, max_length=40)),
                ("marks", calls.models.search.Marks(null=True)),
            ],
        ),
        newest("found_newest", "workspace_id", "-created_at", "-call"),
        newest("found_longest", "workspace_id", "-duration_ms", "-call"),
        newest("found_dearest", "workspace_id", "-cost_micros", "-call"),
        newest("found_by_agent", "agent_id", "-created_at", "-call"),
        newest("found_by_number", "phone_number_id", "-created_at", "-call"),
        newest("found_by_connection", "connection_id", "-created_at", "-call"),
        newest("found_by_contact", "contact_id", "-created_at", "-call"),
        newest("found_by_tail", "workspace_id", "tail", opclasses=PATTERNS),
        migrations.CreateModel(
            name="FoundWords",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "call",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="found_words",
                        to="calls.call",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("names", models.TextField(blank=True)),
                ("words", calls.models.search.Words(null=True)),
            ],
        ),
        # Calls that are not taken in yet: what is open, and what ended a moment ago.
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                fields=["workspace", "-created_at", "-id"],
                condition=Q(digested_at=None),
                name="call_not_taken_in",
            ),
        ),
        # An index of several columns begins with each of these.
        *(without_index(*one) for one in OVERLAPPED),
        migrations.RunPython(make_indexes, drop_indexes),
    ]
