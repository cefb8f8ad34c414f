"""The rows of the list of calls, as HTML.

Fifty rows of a dozen cells are most of the page. As a template they took half of its
processor time.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString

from calls.forms.calls import Known, name_key
from calls.history.choices import CHOICES
from calls.models import Call
from dashboard.templatetags import ui
from dashboard.templatetags.icons import icon

ROW = '<tr id="call-{}"{}>{}</tr>'
PICK = (
    '<td class="c-pick"><label class="pick"><input type="checkbox" name="call" '
    'value="{}" form="bulk" aria-label="Select {}"></label></td>'
)
WHO = (
    '<td class="c-who"><div class="who"><span class="av h{}" aria-hidden="true">{}</span>'
    '<span><b><a class="l" href="{}">{}</a></b><small><span class="dir {}">{}</span>'
    '<span class="sr">{}</span> {}</small></span></div></td>'
)
SEEN = SafeString(' class="seen"')
GAP = SafeString(
    ' <span class="badge warning" title="Nothing had told us of this call: it was found '
    'in the provider’s own list">Gap found</span>'
)
REVIEWED = (
    ' <span class="done" title="Reviewed">{}<span class="sr">Reviewed</span></span>'
)
DIRECTIONS = {
    "inbound": ("in", "phone-incoming", "Inbound from"),
    "outbound": ("out", "phone-outgoing", "Outbound to"),
}
SENTIMENTS = {
    "positive": ("sent positive", "smile", "Positive"),
    "neutral": ("sent", "meh", "Neutral"),
    "negative": ("sent negative", "frown", "Negative"),
}
# What every row needs of a call, and what some columns take beside it.
FIELDS = (
    *("contact__name", "customer_name", "type"),
    *("direction", "from_number", "to_number", "created_at", "reviewed_at", "found_at"),
    *("status", "answered_by", "end_reason", "sentiment", "successful", "source"),
    *("workspace_id", "phone_number_id", "launched_by_id", "api_key_id"),
    *("duration_ms", "cost", "currency"),
)
OF_COLUMNS = {
    "agent": ("agent__name",),
    "connection": ("connection__name",),
    "latency": ("latency",),
}
# The columns that name rows of other tables, by the filter's words; the call's fields.
NAMING = {"number": ("number",), "launched": ("person", "key")}
NAMED = {"number": "phone_number_id", "person": "launched_by_id", "key": "api_key_id"}
ENDS = dict(CHOICES["end_reason"])
SUCCESS = {True: "Yes", False: "No", None: ""}


@dataclass(frozen=True, slots=True)
class Told:
    """A call, the address of its page, and what is known of the rows it names."""

    call: Call
    href: str
    known: Known

    def name_of(self, field: str) -> str:
        """Return what a row of another table is called; `field` is the filter's word."""
        value = getattr(self.call, NAMED[field])
        return "" if value is None else self.known.names.get(name_key(field, value), "")


Cell = Callable[[Told], SafeString]


def fields(names: Iterable[str], *, is_searched: bool) -> tuple[str, ...]:
    """Return what rows with these columns, and their hits, need of a call."""
    more = [field for name in names for field in OF_COLUMNS.get(name, ())]
    return (*FIELDS, *more, *(["summary"] if is_searched else []))


def row(told: Told, names: Iterable[str]) -> SafeString:
    """Return the row of a call with the columns of these names."""
    seen = SEEN if told.call.reviewed_at else ""
    cells = (_pick, _who, _how, *(CELLS[name] for name in names), _when)
    return _html(ROW, told.call.pk, seen, _joined(cell(told) for cell in cells))


def _html(template: str, *parts: object) -> SafeString:
    """Fill in a template as Django's `format_html` does, in a third of its time.

    That one looks at each part for words to be translated later; there are none here.
    """
    safe = [p if isinstance(p, SafeString) else escape(str(p)) for p in parts]
    return SafeString(template.format(*safe))


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return SafeString("".join(parts))


# --- Always there --------------------------------------------------------------------
def _pick(told: Told) -> SafeString:
    return _html(PICK, told.call.pk, told.call.who)


def _who(told: Told) -> SafeString:
    who = told.call.who
    css, drawn, said = DIRECTIONS[told.call.direction]
    number = ui.pretty_number(told.call.other_number)
    words = (ui.hue(who), ui.initials(who), told.href, who, css, icon(drawn), said)
    return _html(WHO, *words, number)


def _how(told: Told) -> SafeString:
    gap = GAP if told.call.found_at else ""
    is_seen = told.call.reviewed_at is not None
    seen = _html(REVIEWED, icon("check-check")) if is_seen else ""
    return _html('<td class="c-out">{}{}{}</td>', ui.status(told.call), gap, seen)


def _when(told: Told) -> SafeString:
    return _html('<td class="c-when r muted">{}</td>', ui.ago(told.call.created_at))


# --- Those one chooses ---------------------------------------------------------------
def _text(words: object) -> SafeString:
    return _html('<td class="hm">{}</td>', words)


def _figure(words: str) -> SafeString:
    return _html('<td class="hm r">{}</td>', words)


def _launched(told: Told) -> SafeString:
    who = told.name_of("person") or told.name_of("key")
    return _text(who or told.call.get_source_display())


def _end(told: Told) -> SafeString:
    return _text(ENDS.get(told.call.end_reason, told.call.end_reason))


def _sentiment(told: Told) -> SafeString:
    if told.call.sentiment not in SENTIMENTS:
        return _text("")
    css, drawn, said = SENTIMENTS[told.call.sentiment]
    drawing = '<td class="hm"><span class="{}">{}{}</span></td>'
    return _html(drawing, css, icon(drawn), said)


def _tags(told: Told) -> SafeString:
    tags = sorted(told.known.tags.get(told.call.pk, ()), key=str.casefold)
    badge = '<span class="badge plain">{}</span> '
    hung = _joined(_html(badge, tag) for tag in tags)
    return _html('<td class="c-tags hm">{}</td>', hung)


def _latency(told: Told) -> SafeString:
    latency = told.call.latency
    whole = latency.get("e2e") if isinstance(latency, dict) else None
    usual = whole.get("p50") if isinstance(whole, dict) else None
    words = f"{usual:.0f} ms" if isinstance(usual, int | float) else ""
    return _html('<td class="hm r muted">{}</td>', words)


CELLS: dict[str, Cell] = {
    "agent": lambda told: _text(told.call.agent.name if told.call.agent else "—"),
    "number": lambda told: _text(told.name_of("number")),
    "connection": lambda told: _text(told.call.connection.name),
    "launched": _launched,
    "answered": lambda told: _text(told.call.get_answered_by_display()),
    "end": _end,
    "sentiment": _sentiment,
    "success": lambda told: _text(SUCCESS[told.call.successful]),
    "tags": _tags,
    "duration": lambda told: _figure(ui.clock(told.call.duration_ms)),
    "latency": _latency,
    "cost": lambda told: _figure(ui.money(told.call.cost, told.call.currency)),
}
