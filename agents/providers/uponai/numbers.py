"""Numbers and who is bound to them: UponAI's records read, and the body that binds.

Source: contract sheet, section 5. There is no outbound id in a record; its plain
`agent_id` seems to be that one (inferred there).
"""

from typing import Any

from agents.providers.base import (
    BindingFacts,
    Json,
    NumberFacts,
    ProviderRefused,
    ProviderUnclear,
    WishRefused,
)
from agents.providers.reading import flag, kept, rows, span, text
from agents.providers.uponai.line import LABEL, Line, part, says_no
from agents.providers.voicewire.shares import heaviest, shares

# How a record names the single agent of a direction and its version.
SINGLE = {
    "inbound": ("inbound_agent_id", "inbound_agent_version"),
    "outbound": ("agent_id", "outbound_agent_version"),
}
DIRECTIONS = tuple(SINGLE)


# --- The account's numbers -----------------------------------------------------------
def listed(line: Line) -> list[Json]:
    """Return the number records of the account."""
    answer = line.read(f"/api/numbers/{part(line.account_sid)}")
    found = records(answer)
    if found is None or says_no(answer):
        raise ProviderUnclear(f"{LABEL} answered without a list of numbers.")
    return [record for record in found if name_of(record)]


def put(line: Line, number: str, direction: str, wanted: BindingFacts) -> None:
    """Bind one direction of a number; what else it has is read first and said again."""
    account, workspace = line.account_sid, line.workspace
    if not account or workspace is None:
        raise WishRefused(
            f"{LABEL} binds agents only where the account SID and the workspace id are "
            "known. Set both on the connection."
        )
    named = (record for record in listed(line) if name_of(record) == number)
    record = next(named, None)
    if record is None:
        raise ProviderRefused(f"{LABEL} has no number {number} in this account.")
    ids: Json = {"accountSid": account, "workspaceId": workspace}
    path = f"/api/numbers/{part(number)}/agent"
    answer = line.ask("PUT", path, json=ids | body(record, direction, wanted))
    if says_no(answer):
        raise line.refusal(answer)
    if not wanted.agent_id and _is_still_bound(answer, number, direction):
        raise ProviderRefused(
            f"{LABEL} answered, and still has an agent there. Take it off in its "
            "dashboard, then sync."
        )


# --- Reading -------------------------------------------------------------------------
def records(answer: Any) -> list[Json] | None:
    """Return the numbers of an answer; None: it is no list.

    How the list is wrapped is cut off in the sheet: bare, or under `numbers`.
    """
    found = answer.get("numbers") if isinstance(answer, dict) else answer
    return rows(found) if isinstance(found, list) else None


def name_of(record: Json) -> str:
    """Return the number itself."""
    return text(record.get("number"), 20) or text(record.get("base_number"), 20)


def number(record: Json) -> NumberFacts:
    """Turn a number record into facts. Who carries it is not said."""
    return NumberFacts(
        number=name_of(record),
        inbound=binding(record, "inbound"),
        outbound=binding(record, "outbound"),
        trouble=_trouble(record),
    )


def _trouble(record: Json) -> str:
    """Say why a number cannot be used: it is known, but its import failed."""
    if not flag(record.get("platform_import_error")):
        return ""
    said = text(record.get("platform_import_error_message"), 300)
    because = f": {said}" if said else "."
    return f"UponAI could not bring it to the voice platform{because}"


def binding(record: Json, direction: str) -> BindingFacts:
    """Return who is bound: of several the heaviest, with all of them in `weights`."""
    bound = [
        row for row in rows(record.get(f"{direction}_agents")) if _agent_id(row)
    ] or _single(record, direction)
    if not bound:
        return BindingFacts()
    first = heaviest(bound)
    weights = tuple(kept(row) for row in bound) if len(bound) > 1 else ()
    return BindingFacts(_agent_id(first), span(first.get("agent_version")), weights)


def _single(record: Json, direction: str) -> list[Json]:
    id_name, version_name = SINGLE[direction]
    if not text(record.get(id_name)):
        return []
    return [{"agent_id": record[id_name], "agent_version": record.get(version_name)}]


def _agent_id(row: Json) -> str:
    return text(row.get("agent_id"), 120)


# --- Writing -------------------------------------------------------------------------
def body(record: Json, direction: str, wanted: BindingFacts) -> Json:
    """Return the fields of a PUT that bind one direction and leave the rest as it is.

    Whether a PUT keeps what it does not name is not documented: so what the number has
    is named again, its weights, webhook and time routing included.
    """
    parts: Json = {}
    for each in DIRECTIONS:
        now = binding(record, each)
        if each == direction:
            parts |= _named(each, wanted, was_shared=bool(now.weights))
        elif now.agent_id:
            parts |= _named(each, now)
    if url := text(record.get("inbound_webhook_url"), 2000):
        parts["inboundWebhookUrl"] = url
    if (timed := flag(record.get("is_time_routing_enabled"))) is not None:
        parts["isTimeRoutingEnabled"] = timed
    return parts


def _named(direction: str, bound: BindingFacts, *, was_shared: bool = False) -> Json:
    """Return the fields of one direction: a single outbound agent has its own names.

    How to unbind is not documented: an empty list, and null for the single agent, are
    the forms that can be meant in no other way.
    """
    if direction == "inbound" or bound.weights:
        return {f"{direction}Agents": shares(bound)}
    if not bound.agent_id:
        return {"outboundAgentId": None, "outboundAgents": []}
    one: Json = {"outboundAgentId": bound.agent_id}
    if bound.version is not None:
        one["outboundAgentVersion"] = bound.version
    return one | ({"outboundAgents": shares(bound)} if was_shared else {})


def _is_still_bound(answer: Any, number: str, direction: str) -> bool:
    """Tell whether the answer to an unbinding shows that an agent is still there."""
    shown = (row for row in records(answer) or () if name_of(row) == number)
    return any(binding(row, direction).agent_id for row in shown)
