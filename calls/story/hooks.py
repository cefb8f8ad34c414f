"""The webhooks of a call for reading: as they came, and what we told others."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.functions import Left, Length

from agents.providers.reading import decoded
from calls.models import Call, Delivery, WebhookEvent
from calls.models.traffic import Verdict
from calls.story.timeline import MOST, name_of

# A longer body is cut on the page; the file has all of it.
LONGEST = 12_000
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[][{},:]|[^][{},:"\s]+')
Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook that came; `body` is for reading, and may be cut."""

    pk: int
    name: str
    received_at: datetime
    applied_at: datetime | None
    error: str
    is_signed: bool
    body: str
    is_cut: bool


def webhooks_in(call: Call, read: Read) -> list[Hook]:
    """Return the webhooks of a call, oldest first; `read` masks what is in them."""
    fields = ("pk", "received_at", "applied_at", "error", "verdict")
    rows = WebhookEvent.objects.filter(call=call).order_by("id")
    told = rows.values_list(*fields, Left("body", LONGEST), Length("body"))[:MOST]
    return [
        Hook(
            pk,
            name_of(body),
            received_at,
            applied_at,
            error,
            verdict == Verdict.SIGNED,
            pretty(body, read),
            length > LONGEST,
        )
        for pk, received_at, applied_at, error, verdict, body, length in told
    ]


def webhooks_out(call: Call) -> list[Delivery]:
    """Return what we told others of a call, oldest first, without the bodies."""
    rows = Delivery.objects.filter(call=call).select_related("endpoint")
    return list(rows.defer("body", "endpoint__secret").order_by("id")[:MOST])


def pretty(body: str, read: Read) -> str:
    """Return a body with its JSON indented; one that is none, as it came."""
    payload = decoded(body)
    if payload is None:
        text = str(read(body))
        return _indented(text) if text[:1] in ("{", "[") else text
    return json.dumps(read(payload), indent=2, ensure_ascii=False)


def _indented(text: str) -> str:
    """Indent JSON of which the end is missing."""
    told, depth = "", 0
    for token in TOKENS.findall(text):
        depth += (token in "{[") - (token in "}]")
        line = "\n" + "  " * depth
        told += line if token in "}]" else ""
        told += ": " if token == ":" else token
        told += line if token in "{[," else ""
    return told
