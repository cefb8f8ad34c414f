"""Which calls a person should look at, why, and who did.

A look is found when a call is taken in by the digest, and found anew whenever the call
changes: a reason that went away is done by nobody. An open call is looked at only
where it is not sure that it went out.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from calls.fixed import Fixed
from calls.models import Call, CallStatus, Look, Reason, ToolCall
from calls.models.call import FINAL
from calls.models.looks import LookQuerySet
from calls.people import optout
from calls.review import look_rules
from dashboard.models import User, Workspace
from dashboard.prepared import Given

# Older calls are not looked at, however late they are taken in.
LOOK_BACK = timedelta(days=7)
# The badge of the menu counts no further.
MOST_COUNTED = 100
BATCH = 500

# A reason of a call: why, the rule where it is one's own, and a word that tells more.
Why = tuple[Reason, uuid.UUID | None]
Found = dict[Why, str]


# --- Finding -------------------------------------------------------------------------
def take_in(calls: Sequence[Call], now: datetime) -> None:
    """Find the reasons of calls that ended or changed: a part of the digest."""
    rows = Look.objects.filter(call__in=calls).exclude(reason=Reason.UNCONFIRMED)
    known: dict[uuid.UUID, dict[Why, Look]] = defaultdict(dict)
    for look in rows:
        known[look.call_id][Reason(look.reason), look.rule_id] = look
    worth = [c for c in calls if c.created_at >= now - LOOK_BACK or c.pk in known]
    found = reasons(worth, now)
    new, changed = [], []
    for call in worth:
        mine, wanted = known[call.pk], found[call.pk]
        for why in wanted.keys() - mine.keys():
            new.append(_look(call, why, wanted[why], now))
        changed += _moved(mine, wanted, now)
    # Another worker may find the same at the same time.
    Look.objects.bulk_create(new, ignore_conflicts=True)
    Look.objects.bulk_update(changed, ["done_at"])


def _look(call: Call, why: Why, words: str, now: datetime) -> Look:
    return Look(
        workspace_id=call.workspace_id,
        call=call,
        reason=why[0],
        rule_id=why[1],
        words=words[:200],
        found_at=now,
    )


def _moved(mine: dict[Why, Look], wanted: Found, now: datetime) -> list[Look]:
    """Return the looks whose reason went away, or came back, as they are from now on."""
    moved = []
    for why, look in mine.items():
        is_gone = why not in wanted
        by_nobody = look.done_by_id is None
        if by_nobody and is_gone == (look.done_at is None):
            look.done_at = now if is_gone else None
            moved.append(look)
    return moved


def reasons(calls: Sequence[Call], now: datetime) -> dict[uuid.UUID, Found]:
    """Return why each of these calls that are over needs a look; a few statements."""
    found: dict[uuid.UUID, Found] = defaultdict(dict)
    if not calls:
        return found
    for call in calls:
        for reason in _plain(call):
            found[call.pk][reason, None] = ""
    tools = ToolCall.objects.filter(call__in=calls, succeeded=False).order_by("id")
    for call_id, name in tools.values_list("call", "name"):
        found[call_id].setdefault((Reason.TOOL, None), name)
    for request in optout.requests(calls):
        found[request.call.pk][Reason.OPT_OUT, None] = ""
    for call_id, rule_id in look_rules.fitting(calls, now):
        found[call_id][Reason.RULE, rule_id] = ""
    return found


def _plain(call: Call) -> Iterable[Reason]:
    """Yield what the row of a call says by itself."""
    if call.status == CallStatus.FAILED:
        yield Reason.FAILED
    if call.sentiment == "negative":
        yield Reason.UNHAPPY
    if call.successful is False:
        yield Reason.MISSED
    if call.found_at is not None:
        yield Reason.GAP


def watch(now: datetime) -> None:
    """Find open calls of which it is not sure that they went out; drop those resolved."""
    unsure = Call.objects.filter(status=Fixed(CallStatus.UNCONFIRMED))
    looks = Look.objects.filter(reason=Reason.UNCONFIRMED)
    missing = unsure.exclude(looks__reason=Reason.UNCONFIRMED).order_by()
    why: Why = (Reason.UNCONFIRMED, None)
    new = [_look(call, why, "", now) for call in missing[:BATCH]]
    Look.objects.bulk_create(new, ignore_conflicts=True)
    over = looks.open().exclude(call__status=CallStatus.UNCONFIRMED)
    # On SQLite an update locks all, even where it finds nothing.
    if over.exists():
        over.update(done_at=now)


def refill(workspace: Workspace, now: datetime) -> int:
    """Find the reasons of calls that were written in bulk; return how many were read."""
    rows = workspace.calls.filter(created_at__gte=now - LOOK_BACK, status__in=FINAL)
    done, last = 0, None
    while True:
        older = rows if last is None else rows.filter(pk__gt=last)
        calls = list(older.select_related("workspace").order_by("pk")[:BATCH])
        if not calls:
            return done
        take_in(calls, now)
        done, last = done + len(calls), calls[-1].pk


# --- Looking -------------------------------------------------------------------------
def open_looks(workspace: Workspace | Given) -> LookQuerySet:
    """Return the looks that nobody has had yet."""
    return Look.objects.filter(workspace=workspace).open()


def finish(looks: LookQuerySet, by: User, now: datetime) -> list[int]:
    """Say that a person had these looks; return the ids of those that were open."""
    ids = list(looks.open().values_list("pk", flat=True))
    for first in range(0, len(ids), BATCH):
        rows = Look.objects.open().filter(pk__in=ids[first : first + BATCH])
        rows.update(done_at=now, done_by=by)
    return ids


def reopen(looks: LookQuerySet, by: User, done_at: datetime) -> int:
    """Take back what a person finished at that moment; return how many."""
    return looks.filter(done_by=by, done_at=done_at).update(done_at=None, done_by=None)
