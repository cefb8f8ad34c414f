"""The rows of the list of calls, as HTML.

Fifty rows of a dozen cells are most of the page. As a template they took half of its
processor time. Whatever is not a word of ours is escaped where it is put in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString, mark_safe

from calls.forms.calls import Known, name_key
from calls.history.choices import CHOICES
from calls.models import Call
from dashboard.templatetags import ui
from dashboard.templatetags.icons import icon

GAP = (
    ' <span class="badge warning" title="Nothing had told us of this call: it was found '
    'in the provider’s own list">Gap found</span>'
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
# What a row needs of a call; `summary` only where words are looked for.
FIELDS = (
    *("agent__name", "contact__name", "connection__name", "customer_name", "type"),
    *("direction", "from_number", "to_number", "created_at", "reviewed_at", "found_at"),
    *("status", "answered_by", "end_reason", "sentiment", "successful", "source"),
    *("workspace_id", "phone_number_id", "launched_by_id", "api_key_id"),
    *("duration_ms", "latency", "cost", "currency"),
)
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


Cell = Callable[[Told], str]


def row(told: Told, names: Iterable[str]) -> SafeString:
    """Return the row of a call with the columns of these names."""
    seen = ' class="seen"' if told.call.reviewed_at else ""
    cells = (_pick, _who, _how, *(CELLS[name] for name in names), _when)
    html = "".join(cell(told) for cell in cells)
    # Every cell has escaped what it holds.
    return mark_safe(f'<tr id="call-{told.call.pk}"{seen}>{html}</tr>')


# --- Always there --------------------------------------------------------------------
def _pick(told: Told) -> str:
    return (
        '<td class="c-pick"><label class="pick"><input type="checkbox" name="call" '
        f'value="{told.call.pk}" form="bulk" '
        f'aria-label="Select {escape(told.call.who)}"></label></td>'
    )


def _who(told: Told) -> str:
    who = told.call.who
    css, drawn, said = DIRECTIONS[told.call.direction]
    return (
        '<td class="c-who"><div class="who">'
        f'<span class="av h{ui.hue(who)}" aria-hidden="true">{escape(ui.initials(who))}'
        f'</span><span><b><a class="l" href="{escape(told.href)}">{escape(who)}</a></b>'
        f'<small><span class="dir {css}">{icon(drawn)}</span><span class="sr">{said}'
        f"</span> {escape(ui.pretty_number(told.call.other_number))}"
        "</small></span></div></td>"
    )


def _how(told: Told) -> str:
    gap = GAP if told.call.found_at else ""
    seen = _reviewed() if told.call.reviewed_at else ""
    return f'<td class="c-out">{ui.status(told.call)}{gap}{seen}</td>'


def _reviewed() -> str:
    words = '<span class="sr">Reviewed</span>'
    return f' <span class="done" title="Reviewed">{icon("check-check")}{words}</span>'


def _when(told: Told) -> str:
    return f'<td class="c-when r muted">{ui.ago(told.call.created_at)}</td>'


# --- Those one chooses ---------------------------------------------------------------
def _text(words: object) -> str:
    return f'<td class="hm">{escape(str(words))}</td>'


def _figure(words: str) -> str:
    return f'<td class="hm r">{escape(words)}</td>'


def _launched(told: Told) -> str:
    who = told.name_of("person") or told.name_of("key")
    return _text(who or told.call.get_source_display())


def _end(told: Told) -> str:
    return _text(ENDS.get(told.call.end_reason, told.call.end_reason))


def _sentiment(told: Told) -> str:
    if told.call.sentiment not in SENTIMENTS:
        return _text("")
    css, drawn, said = SENTIMENTS[told.call.sentiment]
    return f'<td class="hm"><span class="{css}">{icon(drawn)}{said}</span></td>'


def _tags(told: Told) -> str:
    tags = sorted(told.known.tags.get(told.call.pk, ()), key=str.casefold)
    hung = (f'<span class="badge plain">{escape(tag)}</span> ' for tag in tags)
    return f'<td class="c-tags hm">{"".join(hung)}</td>'


def _latency(told: Told) -> str:
    latency = told.call.latency
    whole = latency.get("e2e") if isinstance(latency, dict) else None
    usual = whole.get("p50") if isinstance(whole, dict) else None
    words = f"{usual:.0f} ms" if isinstance(usual, int | float) else ""
    return f'<td class="hm r muted">{words}</td>'


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
