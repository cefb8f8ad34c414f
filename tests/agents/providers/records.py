"""A call of ours, as the tests of every `server.py` have it rendered."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from agents.providers.base import (
    Analysis,
    CallRecord,
    CallUpdate,
    Overrides,
    ToolFacts,
    TurnFacts,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(seconds=64)
ID = "019b0000-0000-7000-8000-000000000001"
TURNS = (
    TurnFacts("agent", "Hi Jamie!", 400, 1600),
    TurnFacts("callee", "Yes?", 2100, 2500),
)
TOOLS = (ToolFacts("look up", "t1", "{}", '{"ok":1}', True, after_turn=1),)
NOTHING_MORE: Mapping[str, Any] = {}


def make_record(
    status: str = "ended", of: Mapping[str, Any] = NOTHING_MORE, **update: Any
) -> CallRecord:
    """Return a call in our words; `of` are fields of its own, the rest what we learnt.

    Its type and direction go into both.
    """
    learnt: dict[str, Any] = {
        "status": status,
        "answered_at": START,
        "ended_at": END,
        "duration_ms": 64_000,
        "answered_by": "human",
        "end_reason": "user_hangup",
        "turns": TURNS,
        "tools": TOOLS,
        "cost": Decimal("0.12345"),
        "latency": {"e2e": {"p50": 800, "values": [800]}},
        "analysis": Analysis("Went well.", "positive", True, {"seats": 12}),
        "recording_url": "https://example.com/a.wav",
    } | update
    own: dict[str, Any] = {
        "id": ID,
        "type": learnt.get("type", "phone"),
        "direction": learnt.get("direction", "outbound"),
        "agent_id": "agent_1",
        "agent_name": "Renewals",
        "agent_version": 2,
        "from_number": "+14157774444",
        "to_number": "+12137771234",
        "created_at": START,
        "overrides": Overrides(),
        "variables": {"plan": "Pro"},
        "sip_headers": {},
        "metadata": {"lead": 7},
    }
    return CallRecord(status=status, update=CallUpdate(**learnt), **{**own, **of})
