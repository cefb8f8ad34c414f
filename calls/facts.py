"""Folding what a provider said of a call into its row; the newer fact wins."""

from datetime import datetime
from typing import Any

from agents.models import Connection
from agents.providers.base import CallUpdate
from calls.models import Call, Source
from calls.models.call import FINAL

PLAIN = ("end_reason_raw", "answered_by", "fault", "recording_url", "status_raw")
TIMED = ("ringing_at", "answered_at", "ended_at", "duration_ms", "cost", "latency")


def is_news(call: Call, update: CallUpdate) -> bool:
    """Whether the update is at least as new as what we know."""
    at = update.occurred_at
    return call.heard_at is None or at is None or at >= call.heard_at


def fold(call: Call, update: CallUpdate, *, is_new: bool) -> None:
    """Set the facts of `update` on `call` in memory; older ones only fill gaps."""
    for name in PLAIN + TIMED:
        value = getattr(update, name)
        if value not in ("", None) and (is_new or not getattr(call, name)):
            setattr(call, name, value)
    if update.cost is not None:
        call.currency = update.currency
    if update.provider_call_id and not call.provider_call_id:
        call.provider_call_id = update.provider_call_id
    if update.join:
        call.join = update.join
    _fold_end(call, update)
    _fold_analysis(call, update, is_new=is_new)


def _fold_end(call: Call, update: CallUpdate) -> None:
    """Take the reason, once the call is over; a known reason is kept over "other"."""
    if call.status not in FINAL or not update.end_reason:
        return
    if not call.end_reason or update.end_reason != "other":
        call.end_reason = update.end_reason


def _fold_analysis(call: Call, update: CallUpdate, *, is_new: bool) -> None:
    facts = update.analysis
    if facts is None or not (is_new or not call.summary):
        return
    call.summary = facts.summary or call.summary
    call.sentiment = facts.sentiment or call.sentiment
    if facts.successful is not None:
        call.successful = facts.successful
    call.analysis = facts.custom or call.analysis


def of_a_stranger(
    connection: Connection, update: CallUpdate, now: datetime
) -> dict[str, Any]:
    """Return the fields of a new row for a call that we did not start."""
    inbound = update.direction == "inbound"
    workspace = connection.workspace
    ours, theirs = update.to_number, update.from_number
    if not inbound:
        ours, theirs = theirs, ours
    return {
        "workspace": workspace,
        "connection": connection,
        "source": Source.INBOUND if inbound else Source.FOUND,
        "type": update.type,
        "direction": update.direction or "outbound",
        "provider_call_id": update.provider_call_id,
        "from_number": update.from_number,
        "to_number": update.to_number,
        "ignore_e164_validation": True,
        "agent": workspace.agents.filter(
            connection=connection, provider_agent_id=update.agent_id
        ).first(),
        "agent_version": update.agent_version,
        "phone_number": workspace.numbers.filter(
            connection=connection, number=ours
        ).first(),
        "contact": workspace.contacts.filter(number=theirs).first(),
        "variables": dict(update.variables),
        "metadata": update.metadata,
        "created_at": update.answered_at or update.occurred_at or now,
        "changed_at": now,
    }
