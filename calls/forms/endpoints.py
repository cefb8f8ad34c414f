"""The forms of webhook endpoints, for people and for our API."""

from typing import Any

from django import forms

from agents import address
from calls.hooks import voices
from calls.models import WebhookEndpoint
from dashboard.models import Workspace

# What each of our own events says. Those of the dialects are the providers' own.
TOLD = {
    "call.queued": "A call was launched. It waits for its turn, or for its time.",
    "call.dialing": "The provider has the call.",
    "call.unconfirmed": "The provider did not confirm the call: we are asking.",
    "call.ringing": "It rings.",
    "call.answered": "A person or a machine took the call.",
    "call.transcript": "Something more was said; the whole transcript each time.",
    "call.ended": "The call is over, however it ended: the status says how.",
    "call.analyzed": "Summary, sentiment and the rest are known, or have changed.",
}


class EndpointForm(forms.Form):
    """Where webhooks go, and which; the format is chosen before and stays."""

    name = forms.CharField(
        max_length=120,
        required=False,
        help_text="Who listens, for example “CRM”.",
    )
    url = forms.CharField(
        label="Address",
        max_length=600,
        widget=forms.URLInput(
            attrs={
                "placeholder": "https://example.com/webhooks",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": "Write the address that takes the webhooks."},
    )
    events = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose at least one event.",
            "invalid_choice": "There is no event “%(value)s” in this format.",
        },
    )

    def __init__(
        self,
        workspace: Workspace,
        dialect: str,
        data: Any = None,
        row: WebhookEndpoint | None = None,
    ) -> None:
        super().__init__(data)
        self.workspace, self.dialect, self.row = workspace, dialect, row
        # A client of a dialect may have chosen more than ever happens here.
        chosen = row.events if row else []
        known = (*voices.VOICES[dialect].EVENTS, *chosen)
        self.fields["events"].choices = [(e, e) for e in dict.fromkeys(known)]  # type: ignore[attr-defined]
        self.initial = {"events": chosen or voices.usual_events(dialect)}
        if row:
            self.initial |= {"name": row.name, "url": row.url}

    def event_rows(self) -> list[tuple[str, str, bool]]:
        """Return each event with what it says, and whether it is chosen."""
        chosen = self["events"].value() or []
        told = TOLD if self.dialect == voices.NATIVE else {}
        names = (name for name, _ in self.fields["events"].choices)  # type: ignore[attr-defined]
        return [(name, told.get(name, ""), name in chosen) for name in names]

    def clean_url(self) -> str:
        """Refuse what we may not post to, and what has these webhooks already."""
        url: str = self.cleaned_data["url"]
        if self.row and self.row.url == url:
            return url
        if wrong := address.problem_now(url):
            raise forms.ValidationError(wrong)
        agent = self.row.agent_id if self.row else None
        others = self.workspace.endpoints.filter(
            dialect=self.dialect, url=url, agent=agent
        )
        if others.exists():
            words = "This address gets these webhooks already."
            raise forms.ValidationError(words, code="conflict")
        return url


class ReplayForm(forms.Form):
    """From when until when to send webhooks again."""

    since = forms.DateTimeField(
        label="From",
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )
    until = forms.DateTimeField(
        label="To",
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )
    only_failed = forms.BooleanField(
        label="Only those that were not taken", required=False, initial=True
    )

    def clean(self) -> dict[str, Any]:
        """Refuse an end before the beginning."""
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and since >= until:
            raise forms.ValidationError("The end must be later than the beginning.")
        return data
