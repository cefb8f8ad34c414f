"""What only one of the databases has for the search: indexes, words of transcripts."""

from typing import Any

from django.db import migrations, transaction
from django.db.utils import DatabaseError

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


class Migration(migrations.Migration):
    # Children of these are children of this one, so that there is one line.
    replaces = [
        ("calls", "0007_search"),
        ("calls", "0008_overview"),
        ("calls", "0009_call_page"),
        ("calls", "0010_exports"),
        ("calls", "0011_privacy"),
        ("calls", "0012_saved_views"),
        ("calls", "0013_one_clock_of_requests"),
    ]

    dependencies = [("calls", "0001_first_version")]

    operations = [migrations.RunPython(make_indexes, drop_indexes)]
