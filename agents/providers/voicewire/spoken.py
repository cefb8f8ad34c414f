"""Reading what was said in a call: turns and tools, woven together or apart."""

from collections.abc import Mapping
from typing import Any

from agents.providers.base import Json, ToolFacts, TurnFacts
from agents.providers.reading import flag, of_seconds, rows, text
from agents.providers.voicewire import words

WOVEN = ("transcript_with_tool_calls", "scrubbed_transcript_with_tool_calls")
BARE = "transcript_object"
Turns = tuple[TurnFacts, ...] | None
Tools = tuple[ToolFacts, ...] | None


def spoken(call: Json) -> tuple[Turns, Tools]:
    """Return turns and tools; None for what the object does not carry."""
    for name in WOVEN:
        if isinstance(call.get(name), list):
            return unwoven(rows(call[name]))
    if isinstance(call.get(BARE), list):
        return utterances(rows(call[BARE])), None
    return None, None


def utterances(items: list[Json]) -> tuple[TurnFacts, ...]:
    """Return turns of which none is a tool."""
    return tuple(map(_turn, items))


def unwoven(items: list[Json]) -> tuple[tuple[TurnFacts, ...], tuple[ToolFacts, ...]]:
    """Take turns and tools apart."""
    turns: list[TurnFacts] = []
    tools: list[Json] = []
    for row in items:
        role = row.get("role")
        if role == "tool_call_invocation":
            tools.append({"row": row, "after": len(turns) - 1})
        elif role == "tool_call_result":
            _give_result(tools, row)
        elif role != "node_transition" and _said(row):
            turns.append(_turn(row))
    return tuple(turns), tuple(map(_tool, tools))


def _said(row: Json) -> str:
    """Return what an item says; a key press is said as one."""
    if row.get("role") == "dtmf":
        return f"Pressed {text(row.get('digit'), 20)}"
    return text(row.get("content"))


def _turn(row: Json) -> TurnFacts:
    """Turn an utterance into a turn; the times of its words are in seconds."""
    timed = rows(row.get("words"))
    at = row.get("time_sec")
    return TurnFacts(
        role=words.ROLES.get(text(row.get("role")), "other"),
        text=_said(row),
        start_ms=of_seconds(timed[0].get("start") if timed else at),
        end_ms=of_seconds(timed[-1].get("end") if timed else at),
    )


def _give_result(tools: list[Json], row: Json) -> None:
    """Put a result to the invocation it belongs to, the last of that id."""
    wanted = text(row.get("tool_call_id"))
    for tool in reversed(tools):
        if text(tool["row"].get("tool_call_id")) == wanted:
            tool["result"] = row
            return


def _tool(seen: Mapping[str, Any]) -> ToolFacts:
    row, result = seen["row"], seen.get("result", {})
    return ToolFacts(
        name=text(row.get("name"), 120),
        tool_id=text(row.get("tool_call_id"), 120),
        arguments=text(row.get("arguments")),
        result=text(result.get("content")),
        succeeded=flag(result.get("successful")),
        after_turn=seen["after"],
    )
