"""A call as one record in our words, for a dialect or an API to render."""

from dataclasses import replace

from agents.providers.base import (
    Analysis,
    CallRecord,
    CallUpdate,
    Overrides,
    ToolFacts,
    TurnFacts,
)
from calls.models import Call, ToolCall, Turn


def record(call: Call, *, with_turns: bool = True, is_heard: bool = True) -> CallRecord:
    """Return the whole call; its turns and tools are prefetched where they are wanted.

    Also wanted: `agent`. Without `with_turns` both stay unknown, and nothing is asked
    of the database for them. Who may not read calls has not heard them (`is_heard`):
    then the analysis and the recording stay unknown, too.
    """
    agent = call.agent
    update = _update(call, with_turns=with_turns and is_heard)
    if not is_heard:
        update = replace(update, analysis=None, recording_url="")
    return CallRecord(
        id=str(call.pk),
        status=call.status,
        type=call.type,
        direction=call.direction,
        agent_id=agent.provider_agent_id if agent else "",
        agent_name=agent.name if agent else "",
        agent_version=call.agent_version or 0,
        from_number=call.from_number,
        to_number=call.to_number,
        created_at=call.created_at,
        update=update,
        overrides=Overrides(**call.overrides),
        variables=call.variables,
        sip_headers=call.sip_headers,
        metadata=call.metadata,
        external_id=call.external_id,
        dialect=call.dialect,
    )


def _update(call: Call, *, with_turns: bool) -> CallUpdate:
    return CallUpdate(
        provider_call_id=call.provider_call_id,
        other_call_id=call.other_call_id,
        reference=str(call.pk),
        occurred_at=call.heard_at,
        status=call.status,
        status_raw=call.status_raw,
        ringing_at=call.ringing_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        duration_ms=call.duration_ms,
        answered_by=call.answered_by,
        end_reason=call.end_reason,
        end_reason_raw=call.end_reason_raw,
        fault=call.fault,
        turns=tuple(map(_turn, call.turns.all())) if with_turns else None,
        tools=tuple(map(_tool, call.tool_calls.all())) if with_turns else None,
        latency=call.latency or None,
        analysis=_analysis(call),
        cost=call.cost,
        currency=call.currency,
        recording_url=call.recording_url,
        join=call.join or None,
        type=call.type,
        direction=call.direction,
        from_number=call.from_number,
        to_number=call.to_number,
        variables=call.variables,
        metadata=call.metadata,
    )


def _analysis(call: Call) -> Analysis | None:
    """Return what the provider concluded; None while it has concluded nothing."""
    concluded = call.summary or call.sentiment or call.analysis
    if not concluded and call.successful is None:
        return None
    return Analysis(call.summary, call.sentiment, call.successful, call.analysis)


def _turn(row: Turn) -> TurnFacts:
    return TurnFacts(
        role=row.role,
        text=row.text,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        latency_ms=row.latency_ms,
        is_interrupted=row.is_interrupted,
    )


def _tool(row: ToolCall) -> ToolFacts:
    return ToolFacts(
        name=row.name,
        tool_id=row.tool_id,
        arguments=row.arguments,
        result=row.result,
        succeeded=row.succeeded,
        start_ms=row.start_ms,
        duration_ms=row.duration_ms,
        after_turn=row.after_turn,
    )
