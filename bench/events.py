"""Retell webhooks in the form of theirs, signed, as bytes ready to be sent."""

import hmac
import json
import time
from typing import Any

KEY = "key_bench_0123456789abcdef"
Json = dict[str, Any]
LINES = (
    ("agent", "Hello Jamie, this is Ava from Harbour Telecom. Is now a good time?"),
    ("user", "Yes, sure, go ahead please."),
    ("agent", "Your fibre plan ends this month; shall I renew it for you?"),
    ("user", "What would it cost me, and is it still the same speed as before?"),
    ("agent", "Thirty nine dollars a month, and twice the speed you have today."),
    ("user", "That sounds fair. When would it start?"),
    ("agent", "On the first of next month; nobody needs to come to your home."),
    ("user", "Good, then please renew it."),
    ("agent", "Done. You will have the papers by e-mail within the hour."),
    ("user", "Thank you very much, goodbye."),
)


def call_started(call_id: str, reference: str) -> Json:
    """Return the body of `call_started`."""
    return {"event": "call_started", "call": _call(call_id, reference, "ongoing")}


def call_ended(call_id: str, reference: str) -> Json:
    """Return the body of `call_ended`, with a conversation of ten turns."""
    now = _ms()
    call = _call(call_id, reference, "ended")
    call |= {
        "end_timestamp": now,
        "duration_ms": 42_000,
        "disconnection_reason": "agent_hangup",
        "transcript": "".join(f"{who.title()}: {said}\n" for who, said in LINES),
        "transcript_object": [_utterance(*line) for line in enumerate(LINES)],
        "transcript_with_tool_calls": [_utterance(*line) for line in enumerate(LINES)],
        "recording_url": "",
        "call_cost": {"combined_cost": 12.5, "total_duration_seconds": 42},
    }
    return {"event": "call_ended", "call": call}


def _call(call_id: str, reference: str, status: str) -> Json:
    return {
        "call_id": call_id,
        "call_type": "phone_call",
        "call_status": status,
        "agent_id": "agent_bench",
        "agent_version": 0,
        "agent_name": "Renewals",
        "direction": "outbound",
        "from_number": "+16285550101",
        "to_number": "+14155550100",
        "start_timestamp": _ms() - 43_000,
        "metadata": {"reference": reference, "switchboard_reference": reference},
        "retell_llm_dynamic_variables": {"first_name": "Jamie", "plan": "Fibre 500"},
    }


def _utterance(index: int, line: tuple[str, str]) -> Json:
    start = index * 4.0
    spoken = line[1].split()
    words = [
        {"word": word, "start": start + n * 0.2, "end": start + n * 0.2 + 0.18}
        for n, word in enumerate(spoken)
    ]
    return {"role": line[0], "content": line[1], "words": words}


def _ms() -> int:
    return int(time.time() * 1000)


def request(path: str, port: int, payload: Json) -> bytes:
    """Return the signed webhook as the bytes of a whole HTTP request."""
    body, at = json.dumps(payload).encode(), str(_ms())
    mark = hmac.digest(KEY.encode(), body + at.encode(), "sha256").hex()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"User-Agent: Retell\r\nContent-Type: application/json\r\n"
        f"X-Retell-Signature: v={at},d={mark}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
