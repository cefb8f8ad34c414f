"""Form fields for what engineers type: JSON objects, variables and SIP headers."""

import json
from typing import Any

from django import forms


class JsonObjectField(forms.CharField):
    """A JSON object typed by hand; empty is {}."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})

    def clean(self, value: Any) -> dict[str, Any]:
        """Return the object, or say in words what is wrong with it."""
        text = str(super().clean(value) or "").strip()
        try:
            read = json.loads(text or "{}")
        except json.JSONDecodeError as error:
            raise forms.ValidationError(
                f"This is not JSON: line {error.lineno}, column {error.colno}."
            ) from None
        if not isinstance(read, dict):
            raise forms.ValidationError(
                'Write an object, such as {"campaign": "June"}.'
            )
        return read


class PairsField(forms.CharField):
    """Names and values, one pair to a line, as `name: value`."""

    widget = forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"})
    one, example = "variable", "name: value"

    def clean(self, value: Any) -> dict[str, str]:
        """Return the pairs; whether their names are allowed is the policy's word."""
        pairs: dict[str, str] = {}
        for line in str(super().clean(value) or "").splitlines():
            name, colon, text = (part.strip() for part in line.partition(":"))
            if not name and not colon:
                continue
            if not colon or name in pairs:
                raise forms.ValidationError(
                    f"Write each {self.one} once, as {self.example} (not "
                    f"“{line.strip()}”)."
                )
            pairs[name] = text
        return pairs


class HeadersField(PairsField):
    """SIP headers, one to a line, as `X-Name: value`."""

    one, example = "header", "X-Name: value"
