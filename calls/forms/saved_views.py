"""The form of a saved view: its name, and who sees it."""

from typing import Any

from django import forms

from calls.models import SavedView


class SavedViewForm(forms.Form):
    """Names a view and shares it; a person uses a name once."""

    name = forms.CharField(
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "placeholder": "For example: Bad ones"}
        ),
        error_messages={"required": "Give the view a name."},
    )
    is_shared = forms.BooleanField(
        required=False, label="Everybody in the workspace sees it"
    )

    def __init__(self, view: SavedView, data: Any = None) -> None:
        told = {"name": view.name, "is_shared": view.is_shared}
        super().__init__(data, initial=told)
        self.view = view

    def clean_name(self) -> str:
        """Return the name, if this person has no other view of that name."""
        name, view = " ".join(str(self.cleaned_data["name"]).split()), self.view
        mine = view.workspace.saved_views.filter(owner=view.owner, name__iexact=name)
        if mine.exclude(pk=view.pk).exists():
            raise forms.ValidationError("You have a view of this name. Choose another.")
        return name

    def save(self) -> SavedView:
        """Write the name and who sees it, and return the view."""
        self.view.name = self.cleaned_data["name"]
        self.view.is_shared = self.cleaned_data["is_shared"]
        self.view.save()
        return self.view
