"""What came of a call that is over: one word for each, the same in every place.

The words part the calls: each call that is over has exactly one. A call that is not
over has none.
"""

from collections.abc import Iterable

from django.db.models import Case, CharField, Q, Value, When

from calls.models import Call, CallStatus

LABELS: dict[str, str] = {
    "conversation": "Conversation",
    "voicemail": "Voicemail",
    "no_answer": "No answer",
    "busy": "Busy",
    "declined": "Declined",
    "not_connected": "Not connected",
    "failed": "Failed",
    "canceled": "Canceled",
}
# It rang somewhere: the rest never came that far.
RANG = tuple(word for word in LABELS if word not in {"failed", "canceled"})
# A person spoke.
REACHED = "conversation"

TOLD = Q(status__in=(CallStatus.ENDED, CallStatus.NOT_CONNECTED))
MACHINE = Q(answered_by="machine") | Q(end_reason="voicemail")
# In this order: the first that fits is the word.
RULES: tuple[tuple[str, Q], ...] = (
    ("failed", Q(status=CallStatus.FAILED)),
    ("canceled", Q(status=CallStatus.CANCELED)),
    ("voicemail", TOLD & MACHINE),
    ("no_answer", TOLD & Q(end_reason="no_answer")),
    ("busy", TOLD & Q(end_reason="busy")),
    ("declined", TOLD & Q(end_reason="declined")),
    ("conversation", Q(status=CallStatus.ENDED)),
    ("not_connected", Q(status=CallStatus.NOT_CONNECTED)),
)
EXPRESSION = Case(
    *(When(rule, then=Value(word)) for word, rule in RULES),
    default=Value(""),
    output_field=CharField(),
)
BY_REASON = ("no_answer", "busy", "declined")


def of(call: Call) -> str:
    """Return the word for a call; empty while it is not over."""
    if call.status in {CallStatus.FAILED, CallStatus.CANCELED}:
        return str(call.status)
    if call.status not in {CallStatus.ENDED, CallStatus.NOT_CONNECTED}:
        return ""
    if call.answered_by == "machine" or call.end_reason == "voicemail":
        return "voicemail"
    if call.end_reason in BY_REASON:
        return call.end_reason
    return REACHED if call.status == CallStatus.ENDED else "not_connected"


def fits(words: Iterable[str]) -> Q:
    """Return what narrows calls to these outcomes; without words, to none."""
    wanted = Q(pk=None)
    for word in words:
        wanted |= dict(RULES)[word] & _not_before(word)
    return wanted


def _not_before(word: str) -> Q:
    """Return that no rule before the word's own fits."""
    if word in {"failed", "canceled", "voicemail"}:
        return Q()
    other = ~Q(answered_by="machine") & ~Q(end_reason="voicemail")
    return other if word in BY_REASON else other & ~Q(end_reason__in=BY_REASON)
