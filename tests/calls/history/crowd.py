"""Some hundred calls of every kind, and what fits a filter said in plain Python."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from calls import outcome
from calls.history.filters import Filters
from calls.models import Call, CallStatus, CallTag, Look, Tag, Turn
from calls.models.call import AT_PROVIDER, FINAL, WAITING
from dashboard.models import ApiKey, Workspace
from tests.factories import (
    make_agent,
    make_connection,
    make_contact,
    make_member,
    make_number,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
REASONS = ("user_hangup", "busy", "no_answer", "declined", "voicemail", "lost", "")
LINES = ("I want a refund", "Good morning", "The invoice is late", "Call me José")
Row = dict[str, Any]


def build(workspace: Workspace, count: int = 160) -> list[Call]:
    """Make calls, many at the very same moment; most are over."""
    random, stock = Random(7), _stock(workspace)
    calls = [_call(workspace, stock, random, index) for index in range(count)]
    Call.objects.bulk_create(calls)
    Turn.objects.bulk_create(
        Turn(call=call, index=0, role="agent", text=random.choice(LINES))
        for call in calls
    )
    CallTag.objects.bulk_create(
        CallTag(call=call, tag=random.choice(stock["tags"])) for call in calls[::9]
    )
    Look.objects.bulk_create(
        Look(workspace=workspace, call=call, reason="tool") for call in calls[::11]
    )
    return calls


def _stock(workspace: Workspace) -> Row:
    links = [make_connection(workspace) for _ in range(2)]
    return {
        "connection": links,
        "agent": [make_agent(links[i % 2]) for i in range(3)],
        "phone_number": [make_number(links[i % 2]) for i in range(3)],
        "contact": [make_contact(workspace, name=f"Kim Nr{i}") for i in range(4)],
        "launched_by": [make_member(workspace).user for _ in range(2)],
        "api_key": [ApiKey.issue(workspace, f"K{i}", [])[0] for i in range(2)],
        "tags": [Tag.objects.create(workspace=workspace, name=n) for n in "ab"],
    }


def _call(workspace: Workspace, stock: Row, random: Random, index: int) -> Call:
    pick = random.choice
    over = random.random() < 0.9
    status = pick(FINAL) if over else pick(AT_PROVIDER + WAITING)
    return Call(
        workspace=workspace,
        connection=pick(stock["connection"]),
        status=status,
        agent=pick([*stock["agent"], None]),
        phone_number=pick([*stock["phone_number"], None]),
        contact=pick([*stock["contact"], None]),
        launched_by=pick([*stock["launched_by"], None]),
        api_key=pick([*stock["api_key"], None]),
        agent_version=pick([0, 1, None]),
        source=pick(["button", "api", "compat", "inbound"]),
        type=pick(["phone", "phone", "web"]),
        direction=pick(["outbound", "inbound"]),
        answered_by=pick(["human", "machine", "unknown", ""]),
        end_reason=pick(REASONS) if over else "",
        fault=pick(["callee", "carrier", ""]),
        sentiment=pick(["positive", "negative", "neutral", ""]),
        successful=pick([True, False, None]),
        reviewed_at=pick([NOW, None, None]),
        recording_url=pick(["https://example.com/a.wav", ""]),
        duration_ms=pick([None, 0, 9_999, 10_000, 61_000, 700_000]),
        cost=pick([None, Decimal(0), Decimal("0.05"), Decimal("0.123456"), Decimal(2)]),
        external_id=pick(["", "order-77", "order-78"]),
        created_at=NOW - timedelta(hours=7 * (index // 3)),
        to_number=f"+1415555{random.randrange(10_000):04d}",
        from_number="+16285550100",
    )


# --- What fits, in plain words -------------------------------------------------------
GROUPS = {"live": AT_PROVIDER, "waiting": WAITING, "over": FINAL}
PLAIN = {
    "end_reason": "end_reason",
    "fault": "fault",
    "answered_by": "answered_by",
    "direction": "direction",
    "sentiment": "sentiment",
    "source": "source",
    "type": "type",
    "agent": "agent_id",
    "version": "agent_version",
    "number": "phone_number_id",
    "connection": "connection_id",
    "contact": "contact_id",
    "person": "launched_by_id",
    "key": "api_key_id",
}
MADE = {True: "yes", False: "no", None: "unknown"}


def fits(call: Call, wanted: Filters, workspace: Workspace) -> bool:
    """Tell whether a call fits everything but the search."""
    plain = all(
        not getattr(wanted, name) or getattr(call, column) in getattr(wanted, name)
        for name, column in PLAIN.items()
    )
    since, until = wanted.span(workspace, NOW)
    local = call.created_at.astimezone(ZoneInfo(workspace.timezone))
    return (
        plain
        and (not wanted.call or call.pk in wanted.call)
        and (not wanted.status or any(_is(call, word) for word in wanted.status))
        and (not wanted.outcome or outcome.of(call) in wanted.outcome)
        and (not wanted.success or MADE[call.successful] in wanted.success)
        and _lies(call.duration_ms, wanted.duration_min, wanted.duration_max)
        and _lies(call.cost, wanted.cost_min, wanted.cost_max)
        and wanted.reviewed in {None, call.reviewed_at is not None}
        and wanted.recording in {None, bool(call.recording_url)}
        and (not wanted.tag or bool(set(wanted.tag) & _tags(call)))
        and (since is None or call.created_at >= since)
        and (until is None or call.created_at < until)
        and (not wanted.weekday or local.isoweekday() in wanted.weekday)
        and (not wanted.hour or local.hour in wanted.hour)
        and wanted.external in {"", call.external_id}
    )


def _is(call: Call, word: str) -> bool:
    if word == "look":
        is_open = any(look.done_at is None for look in call.looks.all())
        is_bad = call.status == CallStatus.FAILED or call.sentiment == "negative"
        is_fresh = call.digested_at is None
        is_unsure = call.status == CallStatus.UNCONFIRMED
        return is_open or is_unsure or (is_fresh and is_bad)
    return call.status in GROUPS.get(word, (word,))


def _lies(value: Any, least: Any, most: Any) -> bool:
    if least is None and most is None:
        return True
    if value is None:
        return False
    return (least is None or value >= least) and (most is None or value <= most)


def _tags(call: Call) -> set[Any]:
    return {row.tag_id for row in call.call_tags.all()}


KEYS: dict[str, Callable[[Call], Any]] = {
    "time": lambda call: call.created_at,
    "duration": lambda call: -1 if call.duration_ms is None else call.duration_ms,
    "cost": lambda call: Decimal(-1) if call.cost is None else call.cost,
}


def ordered(calls: list[Call], sort: str) -> list[Call]:
    """Return calls in the order of a sort."""
    key = KEYS[sort.lstrip("-")]
    return sorted(
        calls,
        key=lambda c: (key(c), c.created_at, c.pk),
        reverse=sort.startswith("-"),
    )
