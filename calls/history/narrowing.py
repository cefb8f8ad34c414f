"""What fits the filters among the calls themselves: for open calls, and for a few ids.

Right for every call and any filter, but quick only on few rows: the history reads calls
that are over from the rows of `Found` (`finding.py`).
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast, ExtractHour, ExtractIsoWeekDay

from calls import outcome
from calls.history import asked
from calls.history.filters import Filters
from calls.models import CallStatus, CallTag, Look, Turn
from calls.models.call import AT_PROVIDER, FINAL, WAITING, CallQuerySet
from dashboard.models import Workspace

GROUPS = {"live": AT_PROVIDER, "waiting": WAITING, "over": FINAL}
SUCCESS = {"yes": Q(successful=True), "no": Q(successful=False)}
UNKNOWN = Q(successful=None)
PLAIN = {
    "end_reason": "end_reason",
    "fault": "fault",
    "answered_by": "answered_by",
    "direction": "direction",
    "sentiment": "sentiment",
    "source": "source",
    "type": "type",
    "agent": "agent",
    "version": "agent_version",
    "number": "phone_number",
    "connection": "connection",
    "contact": "contact",
    "person": "launched_by",
    "key": "api_key",
}
BOUNDS = {
    "duration_min": "duration_ms__gte",
    "duration_max": "duration_ms__lte",
    "cost_min": "cost__gte",
    "cost_max": "cost__lte",
}


def fitting(
    workspace: Workspace, filters: Filters, ids: Iterable[UUID], now: datetime
) -> set[UUID]:
    """Return which of these calls fit the filters."""
    rows = narrow(workspace, filters, now).filter(pk__in=list(ids))
    return set(rows.values_list("pk", flat=True))


def narrow(workspace: Workspace, filters: Filters, now: datetime) -> CallQuerySet:
    """Return the workspace's calls that fit every filter, in no order."""
    calls: CallQuerySet = workspace.calls.filter(
        **{
            f"{column}__in": values
            for name, column in PLAIN.items()
            if (values := getattr(filters, name))
        },
        **{
            bound: value
            for name, bound in BOUNDS.items()
            if (value := getattr(filters, name)) is not None
        },
    )
    since, until = filters.span(workspace, now)
    calls = calls.filter(created_at__gte=since) if since else calls
    calls = calls.filter(created_at__lt=until) if until else calls
    for wish in (_status, _outcome, _made, _tagged, _kept):
        calls = calls.filter(wish(filters))
    calls = _at(calls, workspace, filters)
    wanted = asked.read(workspace, filters.q)
    return calls if wanted is None else _searched(calls, wanted)


def _status(filters: Filters) -> Q:
    """Return what a status or a group of them means; a look is asked for by rows."""
    wanted = Q()
    for word in filters.status:
        if word == "look":
            looks = Look.objects.open().filter(call=OuterRef("pk"))
            wanted |= Q(status=CallStatus.UNCONFIRMED) | Q(Exists(looks))
            # Not taken in yet: what will be looked at, as far as the row tells.
            lately = Q(status=CallStatus.FAILED) | Q(sentiment="negative")
            wanted |= Q(digested_at=None) & lately
        else:
            wanted |= Q(status__in=GROUPS.get(word, (word,)))
    return wanted


def _outcome(filters: Filters) -> Q:
    return outcome.fits(filters.outcome) if filters.outcome else Q()


def _made(filters: Filters) -> Q:
    wanted = Q()
    for word in filters.success:
        wanted |= SUCCESS.get(word, UNKNOWN)
    return wanted


def _tagged(filters: Filters) -> Q:
    if not filters.tag:
        return Q()
    hung = CallTag.objects.filter(call=OuterRef("pk"), tag__in=filters.tag)
    return Q(Exists(hung))


def _kept(filters: Filters) -> Q:
    """Return what calls by their ids, reviewed, a recording and somebody's id mean."""
    wanted = Q(pk__in=filters.call) if filters.call else Q()
    if filters.reviewed is not None:
        wanted &= Q(reviewed_at__isnull=not filters.reviewed)
    if filters.recording is not None:
        has_none = Q(recording_url="")
        wanted &= ~has_none if filters.recording else has_none
    if filters.external:
        wanted &= Q(external_id=filters.external)
    return wanted


def _at(calls: CallQuerySet, workspace: Workspace, filters: Filters) -> CallQuerySet:
    """Narrow to hours and days of the week, as the workspace's clocks show them."""
    zone = ZoneInfo(workspace.timezone)
    if filters.weekday:
        day = ExtractIsoWeekDay("created_at", tzinfo=zone)
        calls = calls.alias(day=day).filter(day__in=filters.weekday)
    if filters.hour:
        hour = ExtractHour("created_at", tzinfo=zone)
        calls = calls.alias(hour=hour).filter(hour__in=filters.hour)
    return calls


# --- Search --------------------------------------------------------------------------
def _searched(calls: CallQuerySet, wanted: asked.Asked) -> CallQuerySet:
    if wanted.call_id:
        return calls.filter(pk=wanted.call_id)
    if wanted.is_nothing:
        return calls.none()
    fits = Q()
    if wanted.whole:
        whole = f"+{wanted.whole}"
        fits |= Q(to_number=whole) | Q(from_number=whole)
    if wanted.digits:
        theirs = Q(direction="outbound", to_number__contains=wanted.digits)
        fits |= theirs | Q(direction="inbound", from_number__contains=wanted.digits)
    if wanted.terms:
        calls = calls.alias(meta_text=Cast("metadata", TextField()))
        fits |= _all_of(wanted)
    return calls.filter(fits)


def _all_of(wanted: asked.Asked) -> Q:
    fits = Q()
    for term in wanted.terms:
        text = " ".join(term.words)
        fits &= _any_of(text) | Q(Exists(_said(text)))
    return fits | _any_of(wanted.plain) if wanted.plain else fits


SEARCHED = (
    *("contact__name", "contact__company", "contact__email", "customer_name"),
    *("external_id", "provider_call_id", "other_call_id", "meta_text", "summary"),
)


def _any_of(text: str) -> Q:
    fits = Q()
    for name in SEARCHED:
        fits |= Q(**{f"{name}__icontains": text})
    return fits


def _said(text: str) -> QuerySet[Turn]:
    return Turn.objects.filter(call=OuterRef("pk"), text__icontains=text)
