"""Context variables: what may be known of every contact, and what is of the business.

A contact's values are its attributes; the business's stand in the rows here.
"""

import json
import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.timezone import now as utc_now

from dashboard.models import Workspace

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
YES, NO = ("true", "yes", "1"), ("false", "no", "0")
LONGEST_VALUE = 1000


class Scope(models.TextChoices):
    """Whom a variable speaks of."""

    CONTACT = "contact", "Each contact"
    BUSINESS = "business", "The business"


class VariableKind(models.TextChoices):
    """What a variable's values are."""

    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    DATE = "date", "Date"
    BOOLEAN = "boolean", "True or false"
    SELECT = "select", "One of a list"


class ContextVariable(models.Model):
    """A variable that agents may be told, whichever call it is.

    `value` is the business's; each contact has its own as the attribute `name`. Agents
    write `{{name}}` for a contact's and `{{business_name}}` for the business's.
    """

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="context_variables", db_index=False
    )
    scope = models.CharField(max_length=8, choices=Scope.choices)
    name = models.CharField(max_length=60)
    label = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True)
    kind = models.CharField(
        max_length=7, choices=VariableKind.choices, default=VariableKind.TEXT
    )
    options = models.JSONField(default=list, blank=True)
    value = models.CharField(max_length=LONGEST_VALUE, blank=True)
    created_at = models.DateTimeField(default=utc_now)

    class Meta:
        ordering = ["scope", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "scope", "name"], name="context_variable_once"
            ),
            models.CheckConstraint(
                condition=Q(scope__in=Scope.values), name="variable_scope_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=VariableKind.values), name="variable_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(scope=Scope.BUSINESS) | Q(value=""),
                name="variable_value_is_the_business",
            ),
        ]

    def __str__(self) -> str:
        return self.placeholder

    @property
    def placeholder(self) -> str:
        """The name that agents write, between two braces."""
        return f"business_{self.name}" if self.scope == Scope.BUSINESS else self.name

    @property
    def wants(self) -> str:
        """What a value must be, in words."""
        if self.kind == VariableKind.SELECT:
            return f"one of {', '.join(self.options)}"
        return WANTED[self.kind]

    def read(self, value: Any) -> str:
        """Return a value as the text it is kept as; ValueError, in words, if unfit."""
        text = READERS[self.kind](value)
        if self.kind == VariableKind.SELECT and text not in self.options:
            text = None
        if text is None:
            shown = value if isinstance(value, str) else json.dumps(value)
            raise ValueError(f"{self.name} must be {self.wants}, not “{shown[:60]}”.")
        if len(text) > LONGEST_VALUE:
            raise ValueError(f"{self.name} is longer than {LONGEST_VALUE:,} letters.")
        return text

    def typed(self, text: str) -> Any:
        """Return a kept text as the JSON value it stands for; unfit, as it is."""
        if self.kind == VariableKind.BOOLEAN and text in ("true", "false"):
            return text == "true"
        if self.kind == VariableKind.NUMBER and NUMBER.fullmatch(text):
            whole = re.fullmatch(r"[+-]?[0-9]{1,15}", text)
            number = int(text) if whole else float(text)
            return number if math.isfinite(number) else text
        return text


# --- Reading -------------------------------------------------------------------------
def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = json.dumps(value) if is_number else (_text(value) or "").strip()
    return text if NUMBER.fullmatch(text) else None


def _date(value: Any) -> str | None:
    text = (_text(value) or "").strip()
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def _boolean(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    word = (_text(value) or "").strip().lower()
    if word not in (*YES, *NO):
        return None
    return "true" if word in YES else "false"


READERS: dict[str, Callable[[Any], str | None]] = {
    VariableKind.TEXT: _text,
    VariableKind.NUMBER: _number,
    VariableKind.DATE: _date,
    VariableKind.BOOLEAN: _boolean,
    VariableKind.SELECT: _text,
}
WANTED: dict[str, str] = {
    VariableKind.TEXT: "a text",
    VariableKind.NUMBER: "a number, such as 250.50",
    VariableKind.DATE: "an ISO date, such as 2026-12-01",
    VariableKind.BOOLEAN: "true or false",
}


def kind_of(value: Any) -> str:
    """Return the kind that a value is of, for a variable nobody has defined yet."""
    if isinstance(value, bool):
        return VariableKind.BOOLEAN
    if isinstance(value, int | float):
        return VariableKind.NUMBER
    return VariableKind.DATE if _date(value) else VariableKind.TEXT
