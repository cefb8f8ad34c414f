"""Forms of an import: the file, and what its columns mean."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from agents import phone
from calls.forms.contacts import name_problem
from calls.models import ContactImport, OnKnown
from calls.people import contact_file, contact_rows
from calls.people.contact_file import Line
from calls.people.contact_rows import ATTRIBUTE, LABELS


class ImportForm(forms.Form):
    """The file to import."""

    file = forms.FileField(
        label="CSV file",
        help_text=f"Up to {contact_file.MAX_BYTES >> 20} MB and "
        f"{contact_file.MAX_ROWS:,} rows, from any spreadsheet or CRM.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
        error_messages={
            "required": "Choose a file first.",
            "empty": "The file is empty.",
        },
    )

    def clean_file(self) -> Any:
        """Stop a file that is too large before it is read."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > contact_file.MAX_BYTES:
            raise forms.ValidationError(contact_file.TOO_LARGE)
        return file


class ImportMapForm(forms.Form):
    """What each column means, and how to read the rest."""

    country = forms.ChoiceField(
        label="Numbers without a country code are of",
        help_text="Numbers that begin with + or 00 say it themselves.",
    )
    on_known = forms.ChoiceField(
        label="A number that is in your contacts already",
        choices=OnKnown.choices,
        widget=forms.RadioSelect,
        help_text="An update changes what the file has and keeps the rest. It can set "
        "“do not call”, and never lifts it.",
    )
    has_header = forms.BooleanField(
        label="The first line holds the names of the columns", required=False
    )

    def __init__(
        self, row: ContactImport, head: list[Line], data: QueryDict | None = None
    ) -> None:
        super().__init__(
            data,
            initial={
                "country": row.country,
                "on_known": row.on_known,
                "has_header": row.has_header,
            },
        )
        self.row, self.head = row, head
        self.fields["country"] = forms.ChoiceField(
            choices=_countries(),
            label=self.fields["country"].label,
            help_text=self.fields["country"].help_text,
        )
        for index, column in enumerate(row.columns):
            self._add_column(index, column)

    def _add_column(self, index: int, column: str) -> None:
        title = self.title(index)
        is_attribute = column.startswith(ATTRIBUTE)
        self.fields[f"column_{index}"] = forms.ChoiceField(
            choices=list(LABELS.items()),
            required=False,
            initial="attribute" if is_attribute else column,
            label=f"What “{title}” means",
        )
        self.fields[f"attribute_{index}"] = forms.CharField(
            required=False,
            max_length=60,
            initial=column.removeprefix(ATTRIBUTE)
            if is_attribute
            else contact_rows.variable_name(title),
            label=f"Attribute name for “{title}”",
        )

    def title(self, index: int) -> str:
        """Return what stands at the top of a column."""
        cells = self.head[0][1] if self.row.has_header else ()
        return (cells[index] if index < len(cells) else "") or f"Column {index + 1}"

    def columns(self) -> Iterator[dict[str, Any]]:
        """Yield what the page shows of each column."""
        lines = self.head[1:4] if self.row.has_header else self.head[:3]
        for index in range(len(self.row.columns)):
            cells = (line[index] for _, line in lines if index < len(line))
            yield {
                "title": self.title(index),
                "samples": [cell for cell in cells if cell],
                "meaning": self[f"column_{index}"],
                "attribute": self[f"attribute_{index}"],
            }

    def clean(self) -> dict[str, Any]:
        """Put the columns together; each meaning once, and one of them the number."""
        columns = [self._meaning(index) for index in range(len(self.row.columns))]
        if "number" not in columns:
            self.add_error(None, "Say which column holds the phone number.")
        for column in dict.fromkeys(columns):
            if column and columns.count(column) > 1:
                word = LABELS.get(column) or column.removeprefix(ATTRIBUTE)
                self.add_error(None, f"Two columns are “{word}”: ignore one of them.")
        return {**self.cleaned_data, "columns": columns}

    def _meaning(self, index: int) -> str:
        meaning: str = self.cleaned_data.get(f"column_{index}", "")
        if meaning != "attribute":
            return meaning
        name: str = self.cleaned_data.get(f"attribute_{index}", "").strip()
        problem = name_problem(name) if name else "This attribute needs a name."
        if problem:
            self.add_error(f"attribute_{index}", problem)
        return ATTRIBUTE + name


@cache
def _countries() -> list[tuple[str, str]]:
    codes = phone.country_codes().values()
    return sorted(
        ((code, phone.country_name(code)) for code in codes), key=lambda pair: pair[1]
    )
