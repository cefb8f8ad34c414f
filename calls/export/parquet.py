"""Writing Parquet, a row group at a time; the only door to pyarrow.

Nothing imports this module but `calls.export.export_files`, by its name and when a file is
asked for: the library is large.
"""

import json
from collections.abc import Sequence
from typing import IO, Any

import pyarrow as pa
from pyarrow import parquet

from calls.export.export_columns import Column, Row

# Rows of one group: enough to be packed well, and a few MB in memory.
GROUP = 10_000
TYPES: dict[str, Any] = {
    "text": pa.string(),
    "time": pa.timestamp("ms", tz="UTC"),
    "whole": pa.int64(),
    "amount": pa.decimal128(12, 6),
    "yes_no": pa.bool_(),
    "json": pa.string(),
    "words": pa.list_(pa.string()),
}


class ParquetWriter:
    """Packs rows into groups, and writes each as it is full."""

    def __init__(self, columns: Sequence[Column], file: IO[bytes]) -> None:
        self.columns = columns
        fields = [pa.field(column.name, TYPES[column.kind]) for column in columns]
        self.schema = pa.schema(fields)
        self.writer = parquet.ParquetWriter(file, self.schema, compression="zstd")
        self.waiting: list[Row] = []

    def write(self, rows: Sequence[Row]) -> None:
        """Write some rows; the first value of each is the call's id."""
        self.waiting += rows
        while len(self.waiting) >= GROUP:
            self._group(self.waiting[:GROUP])
            self.waiting = self.waiting[GROUP:]

    def _group(self, rows: Sequence[Row]) -> None:
        arrays = [
            pa.array(
                [_value(row[place], column.kind) for row in rows],
                TYPES[column.kind],
            )
            for place, column in enumerate(self.columns, 1)
        ]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
        self.writer.write_batch(batch, row_group_size=GROUP)
        # What was packed is given back at once, not when it suits.
        pa.default_memory_pool().release_unused()

    def close(self) -> None:
        """Write the last group, and the directory at the end of the file."""
        if self.waiting:
            self._group(self.waiting)
        self.waiting = []
        self.writer.close()


def _value(value: Any, kind: str) -> Any:
    """Return a value as its column holds it."""
    if kind == "json":
        return json.dumps(value, ensure_ascii=False) if value else None
    if kind == "text":
        return None if value is None else str(value)
    return value
