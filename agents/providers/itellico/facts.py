"""Reading what itellico sends: any JSON in, our facts out; nothing here ever raises.

Units are turned here and nowhere else: ISO times and seconds come in.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agents.providers.base import (
    AgentFacts,
    Analysis,
    BindingFacts,
    CallUpdate,
    Json,
    NumberFacts,
    ToolFacts,
    TurnFacts,
    VersionFacts,
)
from agents.providers.itellico import words
from agents.providers.reading import (
    iso,
    kept,
    link,
    mapping,
    of_seconds,
    rows,
    span,
    text,
)

# What webhooks name in another way than calls (sheet, section 7.2).
RENAMED = {"conversation_uuid": "id", "agent_uuid": "agent_id", "channel": "type"}


# --- A call --------------------------------------------------------------------------
def call_update(call: Json, received_at: datetime, base: str) -> CallUpdate:
    """Turn a call object into an update; `base` is where paths of recordings begin."""
    status, answer = text(call.get("status"), 60), text(call.get("answer_status"), 60)
    kind, direction = text(call.get("type"), 40), text(call.get("direction"), 40)
    is_web = words.TYPES.get(kind) == "web"
    is_dialled = direction != "inbound" and not is_web
    ours = words.status_of(status, answer, is_dialled=is_dialled)
    is_over = ours in words.FINAL
    started = iso(call.get("started_at"))
    turns, tools = spoken(call.get("messages"), started)
    return CallUpdate(
        provider_call_id=text(call.get("id"), 160),
        reference=text(call.get("external_id"), 200),
        occurred_at=received_at,
        status=ours,
        status_raw=status,
        answered_at=started if ours in {"in_progress", "ended"} else None,
        ended_at=iso(call.get("ended_at")) if is_over else None,
        duration_ms=of_seconds(call.get("duration_seconds")) if is_over else None,
        answered_by=words.ANSWERS.get(answer, words.Answer()).answered_by,
        end_reason=words.reason_of(status, answer) if is_over else "",
        end_reason_raw=words.raw_reason_of(status, answer) if is_over else "",
        fault="callee" if ours == "not_connected" else "",
        turns=turns,
        tools=tools,
        recording_url=_recording(call.get("capture"), base),
        type="web" if is_web else "phone",
        direction=words.DIRECTIONS.get(direction, ""),
        from_number=text(call.get("from_number"), 40),
        to_number=text(call.get("to_number"), 40),
        agent_id=text(call.get("agent_id"), 120),
        metadata=_metadata(call, kind, direction),
    )


def event_update(event: str, data: Json, told_at: datetime, base: str) -> CallUpdate:
    """Turn a webhook's data into an update.

    `conversation.started` has no status: it says that the two are talking. Our key is
    not among the documented fields; where it comes after all, be it inside the
    metadata, it is taken (sheet, section 7.2 and open question 2).
    """
    call = {RENAMED.get(name, name): value for name, value in data.items()}
    inner = mapping(data.get("metadata"))
    update = replace(
        call_update(call, told_at, base),
        other_call_id=text(data.get("room_sid"), 160),
        reference=text(data.get("external_id") or inner.get("external_id"), 200),
        analysis=_results(data) if event == words.ANALYSED else None,
    )
    if event != words.STARTED or update.status in words.FINAL:
        return update
    started = iso(data.get("started_at"))
    return replace(update, status="in_progress", answered_at=started)


def _metadata(call: Json, kind: str, direction: str) -> Json:
    """Return what comes with a call, and the words for its kind that we lack."""
    odd = {"type": kind} if kind not in {"", *words.LAUNCHED} else {}
    if direction not in {"", *words.DIRECTIONS}:
        odd["direction"] = direction
    free: Json = kept(mapping(call.get("metadata")))
    return free | odd


def _recording(capture: Any, base: str) -> str:
    """Return the whole address: theirs is a URL "or path" (sheet, section 2.5)."""
    url = text(mapping(capture).get("recording_url"), 4000).strip()
    if "://" in url:
        return link(url)
    return f"{base}/{url.lstrip('/')}" if url else ""


def _results(data: Json) -> Analysis | None:
    """Return the goals and findings of a webhook: all that no other event has."""
    found = {k: v for k, v in data.items() if k not in words.EVENT_FIELDS}
    return Analysis(custom=kept(found)) if found else None


# --- What was said -------------------------------------------------------------------
def spoken(
    messages: Any, started: datetime | None
) -> tuple[tuple[TurnFacts, ...] | None, tuple[ToolFacts, ...] | None]:
    """Return turns and tools, with times from the start; None for what is not told."""
    if not isinstance(messages, list):
        return None, None
    turns: list[TurnFacts] = []
    tools: list[ToolFacts] = []
    for row in rows(messages):
        at = _offset(row.get("timestamp"), started)
        said = text(row.get("message"))
        if row.get("role") == "tool":
            tools.append(_tool(row, said, at, len(turns) - 1))
        elif said:
            role = words.ROLES.get(text(row.get("role")), "other")
            turns.append(TurnFacts(role, said, at))
    return tuple(turns), tuple(tools)


def _offset(value: Any, started: datetime | None) -> int | None:
    at = iso(value)
    if at is None or started is None:
        return None
    return span((at - started) / timedelta(milliseconds=1))


def _tool(row: Json, said: str, at: int | None, after: int) -> ToolFacts:
    """Return one tool; its message, where it has one, stands before its result."""
    result = row.get("result")
    told = text(result)
    if result is not None and not isinstance(result, str):
        told = json.dumps(kept(result), ensure_ascii=False)
    return ToolFacts(
        name=text(row.get("name"), 120) or "tool",
        result="\n".join(filter(None, (said, told))),
        start_ms=at,
        after_turn=after,
    )


# --- Agents and numbers --------------------------------------------------------------
def agent(row: Json) -> AgentFacts:
    """Turn an agent into facts: one version, as they have none, and no prompt.

    Neither prompt nor tools are in their API (sheet, section 3).
    """
    agent_id = text(row.get("id"), 120)
    version = VersionFacts(
        version=0,
        is_published=True,
        opening_line=text(mapping(row.get("initial_message")).get("message")),
        voice=text(mapping(row.get("voice")).get("voice_id"), 120),
        model=text(mapping(row.get("model")).get("model"), 120),
        language=text(mapping(row.get("transcriber")).get("language"), 40),
        changed_at=iso(row.get("modified")),
    )
    return AgentFacts(agent_id, text(row.get("name"), 200) or agent_id, (version,))


def number(row: Json) -> NumberFacts:
    """Turn a phone number into facts; every one is reached over a SIP trunk."""
    is_loose = "sip_trunk" in row and row["sip_trunk"] is None
    return NumberFacts(
        number=text(row.get("number"), 20),
        label=text(row.get("friendly_name"), 120),
        carrier="custom",
        inbound=BindingFacts(text(mapping(row.get("inbound_agent")).get("id"), 120)),
        trouble="No SIP trunk is linked to it there." if is_loose else "",
    )
