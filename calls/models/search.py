"""Calls that are over, as the history finds them: narrow rows, and their words.

Everything here is worked out from the calls (`calls/history/taking.py`) and can be
worked out anew. A row of `Found` holds what is filtered and sorted by, a row of
`FoundWords` what is searched; so a change of an open call costs nothing here.
"""

from typing import Any

from django.db import models
from django.db.models import Q

from calls.models.call import Call
from dashboard.models import Workspace


class Marks(models.Field):  # type: ignore[type-arg]
    """What a call is, as numbers that an index intersects; only on PostgreSQL."""

    def db_type(self, connection: Any) -> str:
        """Return the type of the column."""
        return "bigint[]" if connection.vendor == "postgresql" else "text"

    def get_prep_value(self, value: Any) -> Any:
        """Return the numbers; elsewhere than on PostgreSQL they are None."""
        return value


class Words(models.Field):  # type: ignore[type-arg]
    """The words of a call with their places, as a tsvector; only on PostgreSQL."""

    def db_type(self, connection: Any) -> str:
        """Return the type of the column."""
        return "tsvector" if connection.vendor == "postgresql" else "text"

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        """Have the text read as a tsvector, without any dictionary."""
        return "%s::tsvector" if connection.vendor == "postgresql" else "%s"


class FoundKind(models.Model):
    """What many calls of a workspace are alike in: all filters that have few values.

    The columns are named as those of `Found`. Calls of a kind last at least
    `duration_from` ms and less than `duration_below`, and cost alike (micros).
    """

    id = models.BigIntegerField(primary_key=True)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="kinds")
    status = models.CharField(max_length=13)
    outcome = models.CharField(max_length=13)
    answered_by = models.CharField(max_length=7, blank=True)
    end_reason = models.CharField(max_length=20, blank=True)
    fault = models.CharField(max_length=8, blank=True)
    direction = models.CharField(max_length=8)
    type = models.CharField(max_length=5)
    source = models.CharField(max_length=10)
    sentiment = models.CharField(max_length=8, blank=True)
    successful = models.BooleanField(null=True)
    is_reviewed = models.BooleanField(default=False)
    has_recording = models.BooleanField(default=False)
    connection_id = models.UUIDField()
    agent_id = models.UUIDField(null=True)
    agent_version = models.PositiveIntegerField(null=True)
    phone_number_id = models.UUIDField(null=True)
    duration_from = models.BigIntegerField()
    duration_below = models.BigIntegerField()
    cost_from = models.BigIntegerField()
    cost_below = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.outcome} {self.end_reason}"


class Found(models.Model):
    """A call that is over: its filters and sort keys, named as the columns of `Call`.

    What is none is -1 in `duration_ms` and `cost_micros`, so that it sorts. `tail` is
    `digits` backwards, for searches by last digits. `kind_id` is that of its
    `FoundKind`; as `marks` it is there on PostgreSQL only.
    """

    call = models.OneToOneField(
        Call,
        models.CASCADE,
        primary_key=True,
        db_constraint=False,
        related_name="found",
    )
    workspace_id = models.UUIDField()
    created_at = models.DateTimeField()
    duration_ms = models.BigIntegerField(default=-1)
    cost_micros = models.BigIntegerField(default=-1)
    connection_id = models.UUIDField()
    agent_id = models.UUIDField(null=True)
    phone_number_id = models.UUIDField(null=True)
    contact_id = models.UUIDField(null=True)
    api_key_id = models.UUIDField(null=True)
    launched_by_id = models.BigIntegerField(null=True)
    agent_version = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=13)
    outcome = models.CharField(max_length=13)
    answered_by = models.CharField(max_length=7, blank=True)
    end_reason = models.CharField(max_length=20, blank=True)
    fault = models.CharField(max_length=8, blank=True)
    direction = models.CharField(max_length=8)
    type = models.CharField(max_length=5)
    source = models.CharField(max_length=10)
    sentiment = models.CharField(max_length=8, blank=True)
    successful = models.BooleanField(null=True)
    is_reviewed = models.BooleanField(default=False)
    has_recording = models.BooleanField(default=False)
    digits = models.CharField(max_length=40, blank=True)
    tail = models.CharField(max_length=40, blank=True)
    marks = Marks(null=True)
    kind_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace_id", "-created_at", "-call"], name="found_newest"
            ),
            # Many calls have no duration or cost: these go by their time.
            models.Index(
                fields=["workspace_id", "-duration_ms", "-created_at", "-call"],
                name="found_longest",
            ),
            models.Index(
                fields=["workspace_id", "-cost_micros", "-created_at", "-call"],
                name="found_dearest",
            ),
            # What was much used once may be missing among the newest calls.
            models.Index(
                fields=["agent_id", "-created_at", "-call"], name="found_by_agent"
            ),
            models.Index(
                fields=["phone_number_id", "-created_at", "-call"],
                name="found_by_number",
            ),
            models.Index(
                fields=["connection_id", "-created_at", "-call"],
                name="found_by_connection",
            ),
            models.Index(
                fields=["contact_id", "-created_at", "-call"], name="found_by_contact"
            ),
            models.Index(
                fields=["launched_by_id", "-created_at", "-call"],
                condition=Q(launched_by_id__isnull=False),
                name="found_by_person",
            ),
            models.Index(
                fields=["api_key_id", "-created_at", "-call"],
                condition=Q(api_key_id__isnull=False),
                name="found_by_key",
            ),
            # Any filters that have few values, in any order: a merge of some kinds.
            models.Index(
                fields=["kind_id", "-created_at", "-call"], name="found_kind_newest"
            ),
            models.Index(
                fields=["kind_id", "-duration_ms", "-created_at", "-call"],
                name="found_kind_longest",
            ),
            models.Index(
                fields=["kind_id", "-cost_micros", "-created_at", "-call"],
                name="found_kind_dearest",
            ),
            models.Index(
                fields=["workspace_id", "tail"],
                opclasses=["uuid_ops", "varchar_pattern_ops"],
                name="found_by_tail",
            ),
        ]

    def __str__(self) -> str:
        return str(self.call_id)


class FoundWords(models.Model):
    """The words of a call that is over: of its names and ids, summary and transcript.

    On PostgreSQL `words` holds them; on SQLite the FTS5 table `calls_foundtext` does,
    by this row's id. `names` is names, ids and metadata values as one plain text.
    """

    call = models.OneToOneField(
        Call, models.CASCADE, db_constraint=False, related_name="found_words"
    )
    created_at = models.DateTimeField()
    names = models.TextField(blank=True)
    words = Words(null=True)

    def __str__(self) -> str:
        return self.names
