"""The form of an export: which sort of file, and what is in it."""

from typing import Any

from django import forms

from calls.export.export_columns import COLUMNS, USUAL
from calls.models import ExportFormat


class ExportForm(forms.Form):
    """What the file holds; which calls, the address of the history says (`query`)."""

    query = forms.CharField(required=False, widget=forms.HiddenInput, max_length=4000)
    format = forms.ChoiceField(
        label="File",
        choices=ExportFormat.choices,
        initial=ExportFormat.CSV,
        widget=forms.RadioSelect,
    )
    has_transcripts = forms.BooleanField(
        label="With the transcript and the tool calls",
        help_text="Only in JSON Lines.",
        required=False,
    )
    columns = forms.MultipleChoiceField(
        label="Columns",
        choices=[(column.name, column.label) for column in COLUMNS.values()],
        initial=USUAL,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose one column at least."},
    )

    def clean(self) -> dict[str, Any]:
        """Refuse what the sort of file cannot hold."""
        clean = super().clean() or {}
        is_other = clean.get("format") not in (None, ExportFormat.JSONL)
        if clean.get("has_transcripts") and is_other:
            words = "A transcript has no place in a table. Choose JSON Lines for it."
            self.add_error("has_transcripts", words)
        return clean
