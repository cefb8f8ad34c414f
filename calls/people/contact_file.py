"""Reading a file of contacts: its encoding, its delimiter, its rows."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents import phone

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 200
TOO_LARGE = (
    f"The file is larger than {MAX_BYTES >> 20} MB. Split it into several files."
)
DELIMITERS = ",;\t|"
LOOKED_AT = 30
# A spreadsheet runs cells that begin so, unless an apostrophe stands before them.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# A spreadsheet's own way of naming the delimiter, in the first line.
NAMED_DELIMITER = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What people upload by mistake, known by its first bytes.
OTHER_FILES = {
    b"PK\x03\x04": "an Excel or ZIP file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF",
}

Cells = tuple[str, ...]
Line = tuple[int, Cells]


class UnreadableFile(Exception):
    """The file cannot be read as a table; `str()` says in words how to mend it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A readable file: how it is written, and the lines that hold something."""

    encoding: str
    delimiter: str
    text: str

    def lines(self) -> Iterator[Line]:
        """Yield line number and cells of each line that is not blank."""
        reader = csv.reader(
            io.StringIO(self.text, newline=""), delimiter=self.delimiter
        )
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, tuple(_text(cell) for cell in row)
        except csv.Error as error:
            raise UnreadableFile(
                f"Line {reader.line_num:,} cannot be read ({error}). Often a quotation "
                "mark before it is not closed."
            ) from error

    def head(self, count: int = 6) -> list[Line]:
        """Return the first lines that hold something."""
        return [line for line, _ in zip(self.lines(), range(count), strict=False)]

    def count(self) -> int:
        """Count the lines; raise UnreadableFile where there are too few or too many."""
        total = sum(1 for _ in self.lines())
        if not total:
            raise UnreadableFile("The file is empty.")
        if total > MAX_ROWS + 1:
            raise UnreadableFile(
                f"The file has {total:,} rows; at most {MAX_ROWS:,} can be imported at "
                "once. Split it into several files."
            )
        return total

    def has_header(self) -> bool:
        """Tell whether the first line looks like names of columns, not like a person."""
        cells = next(self.lines())[1]
        return not any("@" in cell or looks_like_number(cell) for cell in cells)


def read(data: bytes) -> Table:
    """Find out how the file is written; raise UnreadableFile when it is no table."""
    if len(data) > MAX_BYTES:
        raise UnreadableFile(TOO_LARGE)
    for start, what in OTHER_FILES.items():
        if data.startswith(start):
            raise UnreadableFile(
                f"This is {what}, not a CSV file. Open it, choose “Save as” and the "
                "type CSV (UTF-8), and upload the new file."
            )
    encoding = _encoding(data)
    table = decode(data, encoding, "")
    if any(len(cells) > MAX_COLUMNS for _, cells in table.head(1)):
        raise UnreadableFile(f"The file has more than {MAX_COLUMNS} columns.")
    return table


def decode(data: bytes, encoding: str, delimiter: str) -> Table:
    """Return the table, with the delimiter given or else the one that fits best."""
    # PostgreSQL cannot keep NUL characters.
    text = data.decode(encoding, errors="replace").replace("\x00", "")
    named = NAMED_DELIMITER.match(text)
    if named:
        text = text[named.end() :]
    return Table(encoding, delimiter or (named and named[1]) or _delimiter(text), text)


def _encoding(data: bytes) -> str:
    """Return utf-8 where the bytes allow it, else what spreadsheets write."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return encoding
    start = data[:1000]
    if start[1::2].count(0) > len(start) / 4:
        return "utf-16-le"
    if start[::2].count(0) > len(start) / 4:
        return "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter(text: str) -> str:
    """Return the delimiter that gives most lines the width of the first."""
    # Cut at a line's end, so that no half line counts.
    sample = "".join(text[:100_000].splitlines(keepends=True)[:LOOKED_AT])

    def fit(delimiter: str) -> tuple[int, int]:
        try:
            rows = list(
                csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
            )
        except csv.Error:
            return (0, 0)
        widths = [len(row) for row in rows if row]
        if not widths or widths[0] < 2:
            return (0, 0)
        return (widths.count(widths[0]), widths[0])

    return max(DELIMITERS, key=fit)


def _text(cell: str) -> str:
    """Return the cell without blanks around it, and without a guarding apostrophe."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def looks_like_number(cell: str) -> bool:
    """Tell whether a cell is written like a phone number."""
    return bool(re.fullmatch(r"[+(\d][\d\s()./-]*", cell)) and (
        len(phone.digits(cell)) > 6
    )
