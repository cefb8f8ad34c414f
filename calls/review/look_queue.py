"""The queue of looks as a person goes through it: what waits, one after another."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q, Sum

from calls.models import DayTally, Kind, Look, LookRule, Reason
from calls.models.looks import LookQuerySet
from calls.review import looks
from dashboard.models import Workspace

PAGE = 30
EPOCH = datetime.fromtimestamp(0, UTC)
# What is looked for in each call, in words.
CHECKED = (
    *("a failed tool", "a wish not to be called again", "a missed goal"),
    *("an unhappy person", "a failure of ours or the provider’s"),
    *("a dial that nobody is sure of", "a call nothing had told us of"),
)


@dataclass(frozen=True, slots=True)
class Narrow:
    """One reason, or one rule, or everything."""

    reason: str = ""
    rule: uuid.UUID | None = None

    @classmethod
    def read(cls, text: str) -> "Narrow":
        """Read the word of an address: a reason, or the id of a rule."""
        if text in Reason.values:
            return cls(reason=text)
        try:
            return cls(reason=Reason.RULE, rule=uuid.UUID(text))
        except ValueError:
            return cls()

    def of(self, rows: LookQuerySet) -> LookQuerySet:
        """Return those of the rows that have the reason."""
        rows = rows.filter(reason=self.reason) if self.reason else rows
        return rows.filter(rule=self.rule) if self.rule else rows

    @property
    def word(self) -> str:
        """The word for an address; empty for everything."""
        return str(self.rule or self.reason)


@dataclass(frozen=True, slots=True)
class Share:
    """A reason and how many looks wait for it."""

    word: str
    label: str
    count: int


def shares(workspace: Workspace) -> list[Share]:
    """Return what waits by reason and rule, the most first; one query."""
    rows = looks.open_looks(workspace).order_by().values("reason", "rule", "rule__name")
    return [
        Share(
            str(row["rule"] or row["reason"]),
            row["rule__name"] or str(Reason(row["reason"]).label),
            row["n"],
        )
        for row in rows.annotate(n=Count("pk")).order_by("-n")
    ]


def page(waiting: LookQuerySet, after: Look | None) -> tuple[list[Look], Look | None]:
    """Return the looks behind one, and the last of them where there are more."""
    rows = waiting.for_queue()
    rows = rows.filter(_behind(after)) if after else rows
    found = list(rows[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1] if len(found) > PAGE else None


def neighbours(waiting: LookQuerySet, look: Look) -> tuple[int | None, int | None]:
    """Return the ids of the look before and the look behind; two queries."""
    before = waiting.filter(_before(look)).order_by("call", "id")
    behind = waiting.filter(_behind(look)).order_by("-call", "-id")
    ids = [rows.values_list("pk", flat=True).first() for rows in (before, behind)]
    return ids[0], ids[1]


def _behind(look: Look) -> Q:
    return Q(call__lt=look.call_id) | Q(call=look.call_id, pk__lt=look.pk)


def _before(look: Look) -> Q:
    return Q(call__gt=look.call_id) | Q(call=look.call_id, pk__gt=look.pk)


# --- Nothing waits -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Checked:
    """What an empty queue says: how many calls were gone through, and for what."""

    calls: int
    days: int
    things: list[str]


def checked(workspace: Workspace, today: datetime) -> Checked:
    """Return what was checked in the last days; two queries."""
    days = looks.LOOK_BACK.days
    since = today.date() - timedelta(days=days - 1)
    sums = DayTally.objects.filter(
        workspace=workspace, kind=Kind.TOTAL, day__gte=since
    ).aggregate(n=Sum("calls"))
    rules = LookRule.objects.filter(workspace=workspace, is_on=True)
    names = [f"“{name}”" for name in rules.values_list("name", flat=True)]
    return Checked(sums["n"] or 0, days, [*CHECKED, *names])


# --- A moment in an address ----------------------------------------------------------
def written(at: datetime) -> str:
    """Write a moment to the microsecond, for an address."""
    return str((at - EPOCH) // timedelta(microseconds=1))


def moment(text: str) -> datetime | None:
    """Read what `written` wrote; None for anything else."""
    try:
        return EPOCH + timedelta(microseconds=int(text))
    except (ValueError, OverflowError):
        return None
