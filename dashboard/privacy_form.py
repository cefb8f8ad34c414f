"""The form of what is kept for how long, and who sees it masked."""

from typing import TYPE_CHECKING

from django import forms

from calls.models import RetentionPolicy

if TYPE_CHECKING:
    PolicyModelForm = forms.ModelForm[RetentionPolicy]
else:
    PolicyModelForm = forms.ModelForm

KEEP = "Days. Empty: kept for ever."


class PrivacyForm(PolicyModelForm):
    """Days for each sort, and eyes for each role."""

    class Meta:
        model = RetentionPolicy
        fields = (
            *("recording_days", "transcript_days", "webhook_days"),
            *("masks_reviewers", "masks_managers", "masks_keys"),
        )
        labels = {
            "recording_days": "Recordings",
            "transcript_days": "Transcripts",
            "webhook_days": "Raw webhooks",
            "masks_reviewers": "Masked for reviewers",
            "masks_managers": "Masked for sales managers",
            "masks_keys": "Masked for API keys",
        }
        help_texts = {
            "recording_days": KEEP,
            "transcript_days": f"{KEEP} Summaries, extracted data and what tools were "
            "given go with them.",
            "webhook_days": f"{KEEP} What providers sent, and what we sent to others.",
            "masks_keys": "In answers of the API. What we send to webhooks stays whole.",
        }
        widgets = {
            name: forms.NumberInput(
                attrs={"min": 1, "max": 3650, "inputmode": "numeric"}
            )
            for name in ("recording_days", "transcript_days", "webhook_days")
        }
