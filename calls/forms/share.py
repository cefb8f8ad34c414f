"""The form of a link to a call for somebody outside."""

from django import forms

from calls.review.sharing import DAYS


class ShareForm(forms.Form):
    """For how long, and what is in it."""

    days = forms.TypedChoiceField(
        label="Opens for",
        coerce=int,
        choices=[(days, f"{days} day{'s' if days > 1 else ''}") for days in DAYS],
        initial=7,
    )
    has_recording = forms.BooleanField(
        label="With the recording",
        required=False,
        help_text="Whoever has the link hears everything: a recording is not masked.",
    )
    is_open = forms.BooleanField(
        label="Show names and numbers as they are",
        required=False,
        help_text="Else names become initials, telephone numbers their last two digits, "
        "and card and account numbers and e-mail addresses are masked.",
    )

    def __init__(self, *args: object, may_open: bool) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        if not may_open:
            del self.fields["is_open"]
