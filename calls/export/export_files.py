"""Writing calls to a file, batch after batch: CSV, JSON Lines, Parquet.

A writer keeps nothing but what it has not written yet.
"""

import csv
import json
from collections.abc import Sequence
from typing import IO, Any, Protocol
from uuid import UUID

from django.utils.module_loading import import_string

from calls.export.export_columns import Column, Row, as_json, as_text
from calls.models import Export, ExportFormat, ToolCall, Turn
from calls.people.contact_file import FORMULA
from calls.privacy.masking import Reader

# What a spreadsheet takes for the beginning of a formula, other than a plain number.
NUMBERS = frozenset({"whole", "amount", "time"})
TURN = ("call_id", "index", "role", "text", "start_ms", "end_ms")
TOOL = (
    *("call_id", "name", "arguments", "result"),
    *("succeeded", "start_ms", "duration_ms"),
)


class Writer(Protocol):
    """Writes batches of rows; the first value of each row is the call's id."""

    def write(self, rows: Sequence[Row]) -> None:
        """Write some rows."""

    def close(self) -> None:
        """Write what is still to be written; the file stays open."""


def writer(export: Export, columns: Sequence[Column], file: IO[bytes]) -> Writer:
    """Return what writes the sort of file that an export is."""
    if export.format == ExportFormat.PARQUET:
        # Its library takes 40 MB of memory, in those processes only that write one.
        made: Writer = import_string("calls.export.parquet.ParquetWriter")(
            columns, file
        )
        return made
    if export.format == ExportFormat.JSONL:
        reader = Reader(export.is_masked)
        return JsonLines(columns, file, reader if export.has_transcripts else None)
    return Csv(columns, file)


class Csv:
    """A file for spreadsheets: it begins with the labels, and nothing in it is run."""

    def __init__(self, columns: Sequence[Column], file: IO[bytes]) -> None:
        self.columns, self.file = columns, file
        self.safe = [column.kind in NUMBERS for column in columns]
        # The mark lets spreadsheets read the letters right.
        file.write(b"\xef\xbb\xbf")
        self._put([[column.label for column in columns]])

    def write(self, rows: Sequence[Row]) -> None:
        """Write some rows."""
        lines = [
            [
                text if is_safe or not text.startswith(FORMULA) else f"'{text}"
                for text, is_safe in zip(map(as_text, row[1:]), self.safe, strict=True)
            ]
            for row in rows
        ]
        self._put(lines)

    def _put(self, lines: Sequence[Sequence[str]]) -> None:
        text = Lines()
        csv.writer(text).writerows(lines)
        self.file.write("".join(text.parts).encode())

    def close(self) -> None:
        """Do nothing: everything is written."""


class Lines:
    """What csv writes into."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        """Take a line."""
        self.parts.append(text)
        return len(text)


class JsonLines:
    """One JSON object a line; with a `reader`, what was said in each call as well."""

    def __init__(
        self, columns: Sequence[Column], file: IO[bytes], reader: Reader | None
    ) -> None:
        self.names = [column.name for column in columns]
        self.file, self.reader = file, reader

    def write(self, rows: Sequence[Row]) -> None:
        """Write some rows."""
        said = spoken([row[0] for row in rows], self.reader) if self.reader else {}
        for row in rows:
            values = map(as_json, row[1:])
            told = dict(zip(self.names, values, strict=True)) | said.get(row[0], {})
            line = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
            self.file.write(f"{line}\n".encode())

    def close(self) -> None:
        """Do nothing: everything is written."""


def spoken(ids: Sequence[UUID], reader: Reader) -> dict[UUID, dict[str, Any]]:
    """Return what was said in calls, and the tools that were used: two queries."""
    said: dict[UUID, dict[str, Any]] = {
        pk: {"transcript": [], "tool_calls": []} for pk in ids
    }
    for name, model, fields in (
        ("transcript", Turn, TURN),
        ("tool_calls", ToolCall, TOOL),
    ):
        rows = model._default_manager.filter(call__in=ids).order_by("call", "index")
        for call_id, *values in rows.values_list(*fields):
            line = dict(zip(fields[1:], values, strict=True))
            said[call_id][name].append(reader.value(line))
    return said
