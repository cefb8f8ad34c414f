"""What was said in a call, in the forms Zudu tells it (contract sheet, section 6).

Times are absolute there (epoch ms) and relative to the call's start here.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from agents.providers.base import Json, ToolFacts, TurnFacts
from agents.providers.reading import flag, kept, rows, span, text
from agents.providers.zudu import words
from agents.providers.zudu.answers import when

# A word may lie this much before the start that Zudu gives.
SLACK_MS = 5_000
MILLISECOND = timedelta(milliseconds=1)
# Marks that can only mean a speaker; the sheet's example of plain text has none.
MARK = re.compile(r"\s*(agent|assistant|user)\s*:\s*", re.IGNORECASE)
Tools = tuple[ToolFacts, ...] | None


def turns(call: Json, started: datetime | None) -> tuple[TurnFacts, ...] | None:
    """Return what was said; None where the object tells nothing of it."""
    told = rows(call.get("transcript_object"))
    if told:
        return tuple(_turn(row, started) for row in told if _is_said(row))
    plain = text(call.get("transcript")).strip()
    return tuple(_plain_turns(plain)) if plain else None


def _is_said(row: Json) -> bool:
    return bool(text(row.get("content")))


def _turn(row: Json, started: datetime | None) -> TurnFacts:
    timed = rows(row.get("words"))
    first = timed[0].get("start") if timed else row.get("timestamp")
    return TurnFacts(
        role=words.ROLES.get(words.fold(row.get("role")), "other"),
        text=text(row.get("content")),
        start_ms=_offset(first, started),
        end_ms=_offset(timed[-1].get("end"), started) if timed else None,
    )


def _offset(value: Any, started: datetime | None) -> int | None:
    """Return ms from the start of the call; None where either time is not known."""
    at = when(value)
    if at is None or started is None:
        return None
    ms = round((at - started) / MILLISECOND)
    return span(max(ms, 0)) if ms >= -SLACK_MS else None


def _plain_turns(plain: str) -> Iterator[TurnFacts]:
    """Split a plain text where each turn is marked; else it is one turn of nobody's."""
    lines = plain.splitlines()
    if not MARK.match(lines[0]):
        yield TurnFacts("other", plain)
        return
    role, said = "other", list[str]()
    for line in lines:
        mark = MARK.match(line)
        if mark:
            yield from _said(role, said)
            role, said = words.ROLES[mark[1].lower()], [line[mark.end() :]]
        else:
            said.append(line)
    yield from _said(role, said)


def _said(role: str, lines: list[str]) -> Iterator[TurnFacts]:
    whole = "\n".join(lines).strip()
    if whole:
        yield TurnFacts(role, whole)


# --- Tools ---------------------------------------------------------------------------
def tools(call: Json) -> Tools:
    """Return the tools an agent used; None where none are told.

    The shape is undocumented. What names a tool is read as one; an item that carries
    the id of such a call, and a result, completes it; all else is left out.
    """
    asked: list[Json] = []
    spoken = 0
    for row in rows(call.get("transcript_with_tool_calls")):
        if text(row.get("name")):
            asked.append({"after": spoken - 1, **row})
        elif not _complete(asked, row):
            spoken += _is_said(row)
    return tuple(map(_tool, asked)) or None


def _complete(asked: list[Json], row: Json) -> bool:
    """Put a result to the latest call with its id; False: it is none."""
    tool_id = text(row.get("tool_call_id"))
    for tool in reversed(asked):
        if tool_id and tool_id == text(tool.get("tool_call_id")):
            told = {"result": row.get("result", row.get("content"))}
            tool |= told | {"successful": row.get("successful")}
            return True
    return False


def _tool(row: Json) -> ToolFacts:
    return ToolFacts(
        name=text(row.get("name"), 120),
        tool_id=text(row.get("tool_call_id"), 120),
        arguments=_as_text(row.get("arguments")),
        result=_as_text(row.get("result")),
        succeeded=flag(row.get("successful")),
        after_turn=row["after"],
    )


def _as_text(value: Any) -> str:
    """Return JSON as text, as we keep it; a text is as it is."""
    if value is None or isinstance(value, str):
        return text(value)
    return json.dumps(kept(value), ensure_ascii=False)
