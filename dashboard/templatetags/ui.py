"""Small pieces of the look, for every template: times, money, numbers, states."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zlib import crc32

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from agents import phone
from calls.models import Call, CallStatus

register = template.Library()

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
HUES = 6
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "JPY": "¥"}
CENT = Decimal("0.01")
# ISO 4217: an amount whose currency its provider does not name.
NO_CURRENCY = "XXX"

# A status in words: the badge's kind and what it says.
BADGES = {
    CallStatus.SCHEDULED: ("", "Scheduled"),
    CallStatus.QUEUED: ("", "Queued"),
    CallStatus.DIALING: ("info", "Dialing"),
    CallStatus.UNCONFIRMED: ("warning", "Not sure it went out"),
    CallStatus.RINGING: ("info", "Ringing"),
    CallStatus.IN_PROGRESS: ("live", "In progress"),
    CallStatus.ENDED: ("success", "Conversation"),
    CallStatus.NOT_CONNECTED: ("", "Not connected"),
    CallStatus.FAILED: ("danger", "Failed"),
    CallStatus.CANCELED: ("", "Canceled"),
}
# How a call ended, where that says more than its status.
ENDS = {
    "transferred": ("info", "Transferred"),
    "voicemail": ("", "Voicemail"),
    "busy": ("", "Busy"),
    "no_answer": ("", "No answer"),
    "declined": ("", "Declined"),
    "invalid_number": ("", "Invalid number"),
    "blocked": ("", "Blocked"),
}
TOLD_BY_END = (CallStatus.ENDED, CallStatus.NOT_CONNECTED)


@register.filter
def ago(value: datetime | None) -> SafeString | str:
    """Write how long ago (or how soon) it is, inside <time> with the exact moment."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    exact = f"{_date(local, with_year=True)} {local:%H:%M:%S %Z}"
    words = distance(value, timezone.now())
    written = value.isoformat(timespec="seconds")
    # Nothing in it was written by anybody.
    return SafeString(f'<time datetime="{written}" title="{exact}">{words}</time>')


def distance(value: datetime, now: datetime) -> str:
    """Say in words how far `value` is from `now`, either way."""
    seconds = (now - value).total_seconds()
    size = abs(seconds)
    if size < MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    if size < DAY:
        unit, length = ("min", MINUTE) if size < HOUR else ("h", HOUR)
        count = int(size // length)
        return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"
    return _day(timezone.localtime(value), timezone.localtime(now))


@register.filter
def when(value: datetime | None) -> str:
    """Write the day and time in the viewer's zone: "Today 14:32"."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return f"{_day(local, timezone.localtime())} {local:%H:%M}"


def _day(local: datetime, now: datetime) -> str:
    """Name the day: by its relation to today, else by its date."""
    days = (local.date() - now.date()) / timedelta(days=1)
    near = {0: "Today", -1: "Yesterday", 1: "Tomorrow"}
    return near.get(int(days)) or _date(local, with_year=local.year != now.year)


def _date(day: date, *, with_year: bool) -> str:
    """Write "12 Nov", with the year where it is not obvious."""
    return f"{day.day} {day:%b %Y}" if with_year else f"{day.day} {day:%b}"


@register.filter
def clock(ms: int | None) -> str:
    """Write a duration in milliseconds as "3:13" or "1:02:03"."""
    if ms is None:
        return ""
    minutes, seconds = divmod(int(ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@register.filter
def money(amount: Decimal | None, currency: str = "USD") -> str:
    """Write an amount of money; fractions of a cent only where there is no cent."""
    if amount is None:
        return ""
    is_tiny = 0 < abs(amount) < CENT
    digits = f"{amount:,.4f}" if is_tiny else f"{amount:,.2f}"
    if currency == NO_CURRENCY:
        return digits
    sign = SIGNS.get(currency)
    return f"{sign}{digits}" if sign else f"{digits} {currency}"


@register.filter
def pretty_number(number: str | None) -> str:
    """Write an E.164 number with spaces; anything else as it is."""
    return phone.pretty(number or "").replace("-", " ")


@register.filter
def initials(name: object) -> str:
    """Return one or two letters for an avatar; the last digits of a bare number."""
    text = str(name or "")
    words = [word for word in text.split() if word[0].isalpha()]
    if not words:
        return phone.digits(text)[-2:] or "?"
    letters = words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]
    return letters.upper()


@register.filter
def hue(text: object) -> int:
    """Return a number from 0 to 5 that is always the same for the same text."""
    return crc32(str(text or "").encode()) % HUES


@register.simple_tag
def status(call: Call) -> SafeString:
    """Render the badge that says in words where a call is, or how it ended."""
    kind, word = status_words(call)
    return SafeString(f'<span class="badge {kind}">{word}</span>')


def status_words(call: Call) -> tuple[str, str]:
    """Return the badge's kind and word for a call."""
    usual = BADGES[CallStatus(call.status)]
    if call.status not in TOLD_BY_END:
        return usual
    if call.answered_by == "machine":
        return ENDS["voicemail"]
    return ENDS.get(call.end_reason, usual)
