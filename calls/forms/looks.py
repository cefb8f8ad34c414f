"""The form of a rule of one's own."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.http import QueryDict

from calls.history import filters
from calls.models import LookRule
from dashboard.models import Workspace

if TYPE_CHECKING:
    RuleModelForm = forms.ModelForm[LookRule]
else:
    RuleModelForm = forms.ModelForm

TAKEN = "There is a rule with this name already. Choose another name."
NOTHING = (
    "This would find every call. Narrow the list of calls first, then copy its address."
)
ITSELF = "A rule cannot ask for “Needs a look”: that is what it makes. Take it out."


class LookRuleForm(RuleModelForm):
    """A name, and the address of the list of calls as it is narrowed."""

    query = forms.CharField(
        label="Address of the list",
        max_length=2000,
        help_text="Narrow the list of calls, then copy its address and paste it here.",
        widget=forms.TextInput(attrs={"placeholder": "/calls/?outcome=voicemail"}),
    )

    class Meta:
        model = LookRule
        fields = ("name", "query")

    def __init__(self, workspace: Workspace, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.workspace = workspace
        self.fields["name"].help_text = "People read this as the reason for the look."

    def clean_name(self) -> str:
        """Refuse a name that another rule has."""
        name: str = self.cleaned_data["name"].strip()
        others = self.workspace.look_rules.exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise forms.ValidationError(TAKEN)
        return name

    def clean_query(self) -> str:
        """Read the address; keep what is understood of it, in our own words."""
        text: str = self.cleaned_data["query"].strip()
        query = urlsplit(text).query if "?" in text else text
        found = filters.read(self.workspace, QueryDict(query))
        if found.errors:
            raise forms.ValidationError([words for _, words in found.errors])
        if "look" in found.status:
            raise forms.ValidationError(ITSELF)
        if not found.is_narrow:
            raise forms.ValidationError(NOTHING)
        return filters.write(found)
