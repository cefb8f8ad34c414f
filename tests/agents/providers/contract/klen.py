"""Klen AI's words for the contract test: contract sheet, sections 0 to 8."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from agents.providers.base import (
    AgentFacts,
    Analysis,
    BindingFacts,
    CallRequest,
    Json,
    LaunchWish,
    NumberFacts,
    Overrides,
    VersionFacts,
)
from agents.providers.klen.client import Klen
from tests.agents.providers.contract.stage import (
    NOW,
    ODD_WORD,
    REFERENCE,
    TO,
    Ask,
    Event,
    Listed,
    Pages,
    Place,
    Refusal,
    Scene,
    Stage,
    Told,
    reply,
)
from tests.agents.providers.payloads import payload

KEY, SECRET = "klen_made_up_0123456789", "whsec_made_up_9876543210"
HEADER = "X-Klen-Sealed"
CALL, AGENT = "call_6789", "assistant_12345"
CALLS, GET_CALL = "/api/v1/calls", f"GET /api/v1/calls/{CALL}"
START = datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)
END = START + timedelta(seconds=64)
FAILED_AT = datetime(2026, 1, 1, 0, 0, 31, tzinfo=UTC)
SUMMARY = payload("klen/call_completed")["summary"]
RECORDING = "https://storage.klen.ai/recordings/call_6789.mp3"
# What comes late is asked for a little after each event.
ASK = NOW + timedelta(seconds=5)


def wish(**fields: Any) -> CallRequest:
    """Return a wish, with what it must have; the agent brings its caller number."""
    usual: dict[str, Any] = {"type": "phone", "to_number": TO}
    return CallRequest(reference=REFERENCE, agent_id=AGENT, **usual | fields)


def error(status: int, word: str, message: str = "They say no.") -> Any:
    """Return an error in Klen's shape."""
    return reply(status, {"error": word, "message": message})


def refused(status: int, word: str, code: str) -> Refusal:
    """Return an error of the sheet's table and our word for it."""
    return Refusal(answer=error(status, word), code=code, words="They say no.")


def call(name: str, **changes: Any) -> Scene:
    """Return a scene in which the call is as in a payload, with changes."""
    return {GET_CALL: payload(f"klen/{name}") | changes}


def row(listed: Listed) -> Json:
    """Return a call as the list shows it: no database id, and a flat agent."""
    inbound = listed.direction == "inbound"
    return {
        "id": f"call_{listed.id}",
        "agent_id": listed.agent_id,
        "agent_name": "Renewals",
        "status": "in-progress",
        "type": listed.direction,
        "phone_number": listed.from_number if inbound else listed.to_number,
        "started_at": listed.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ended_at": None,
        "duration_seconds": None,
        "summary": None,
        "recording_url": None,
        "contact": None,
    }


def listed(calls: Sequence[Listed], page: int = 1, pages: int = 1) -> Json:
    """Return a page of the list."""
    rows = [row(each) for each in calls]
    count = {"count": len(rows), "page": page, "limit": 100, "pages": pages}
    return {**count, "calls": rows}


def calls(all_calls: Sequence[Listed]) -> Scene:
    """Return a scene in which these are the calls of the account."""
    return {f"GET {CALLS}": listed(all_calls)}


def page(number: int, *ids: str) -> Json:
    """Return one of three pages."""
    return listed([Listed(id=each) for each in ids], number, 3)


def list_ask(number: int) -> Ask:
    """Return the request for a page of calls: there is no filter by date."""
    params = {"page": str(number), "limit": "100"}
    return Ask(method="GET", path=CALLS, params=params)


def event(name: str, **told: Any) -> Event:
    """Return a webhook of the payload files."""
    return Event(payload=payload(f"klen/webhook_{name}"), told=(told,) if told else ())


def failed(name: str, status: str, reason: str, raw: str, **told: Any) -> Event:
    """Return a `call.failed`."""
    said = {"status": status, "end_reason": reason, "end_reason_raw": raw, **told}
    return event(f"failed_{name}", **said)


def sign(body: bytes, at: datetime) -> Mapping[str, str]:
    """Sign as is supposed (section 7.4): HMAC-SHA256 over the raw body, as is set."""
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    return {HEADER: base64.b64encode(digest).decode()}


def agent(agent_id: str, name: str, voice: str) -> AgentFacts:
    """Return an agent of the payload."""
    model = "claude-3-opus-20240229"
    version = VersionFacts(0, is_published=True, voice=voice, model=model)
    return AgentFacts(agent_id, name, (version,))


PLACED = {f"POST {CALLS}": reply(201, payload("klen/created"))}

STAGE = Stage(
    client=Klen,
    credentials={
        "api_key": KEY,
        "webhook_secret": SECRET,
        "signature_header": HEADER,
        "signature_encoding": "base64",
    },
    headers={"authorization": f"Bearer {KEY}", "host": "api.klen.ai"},
    place=Place(
        request=wish(
            variables={"customer_name": "Jamie", "company": "Acme"},
            metadata={"campaign": "june"},
            customer_name="Jamie Doe",
            overrides=Overrides(
                raw={"contact_id": 321, "variables": {"appointment": {"hour": 10}}}
            ),
        ),
        scene=PLACED,
        ask=Ask(
            method="POST",
            path=CALLS,
            body={
                "phone_number": TO,
                "agent_id": AGENT,
                "contact_id": 321,
                "variables": {
                    "customer_name": "Jamie",
                    "company": "Acme",
                    "appointment": {"hour": 10},
                },
            },
        ),
        told={
            "provider_call_id": CALL,
            "other_call_id": "789",
            "status": "ringing",
            "status_raw": "queued",
            "agent_id": AGENT,
            "direction": "outbound",
            "to_number": TO,
        },
    ),
    place_plain=Place(
        request=wish(),
        scene=PLACED,
        ask=Ask(
            method="POST", path=CALLS, body={"phone_number": TO, "agent_id": AGENT}
        ),
        told={"provider_call_id": CALL},
    ),
    unclear={
        "no call id": reply(201, {"id": 789, "status": "queued"}),
        "an empty call id": reply(201, {"id": 789, "call_id": ""}),
        "an odd call id": reply(200, {"id": 789, "call_id": 6789}),
    },
    refusals={
        "400 validation": refused(400, "validation_error", ""),
        "400 JSON": refused(400, "invalid_json", ""),
        "400 no number": refused(400, "missing_phone_number", "invalid_number"),
        "400 no agent": refused(400, "missing_agent_id", ""),
        "400 number": refused(400, "invalid_phone_number", "invalid_number"),
        "401 no key": refused(401, "authentication_required", "not_permitted"),
        "401 wrong key": refused(401, "invalid_key", "not_permitted"),
        "402": Refusal(
            answer=reply(402, payload("klen/error_402")),
            code="no_funds",
            words="balance of 0.40",
        ),
        "403 permission": refused(403, "permission_denied", "not_permitted"),
        "403 do not call": refused(403, "do_not_call", "blocked"),
        "404 agent": refused(404, "agent_not_found", ""),
        "404 number of the agent": refused(404, "no_phone_number", ""),
        "404": refused(404, "not_found", ""),
    },
    busy_body={"error": "rate_limit_exceeded", "message": "Too many requests."},
    wishes_refused={
        "overrides": LaunchWish(overrides=Overrides(raw={"speed": 2})),
        "ignore_e164_validation": LaunchWish(ignore_e164_validation=True),
    },
    call_id=CALL,
    states={
        "dialing": Told(
            scene=call("call_queued"),
            told={"status_raw": "queued", "answered_at": None, "turns": None},
        ),
        "in_progress": Told(
            scene=call("call_in_progress"),
            told={"answered_at": START, "ended_at": None, "duration_ms": None},
        ),
        "ended": Told(
            scene=call("call_completed"),
            told={
                "answered_at": START,
                "ended_at": END,
                "duration_ms": 64_000,
                "cost": Decimal("2.25"),
                "currency": "XXX",
                "other_call_id": "789",
                "agent_id": AGENT,
                "end_reason": "other",
                "recording_url": RECORDING,
                "analysis": Analysis(SUMMARY),
                "ask_again_at": None,
            },
        ),
    },
    never_told={
        "busy": "The detail says `failed`; only the webhook says why (section 6).",
        "no_answer": "The detail says `failed`; only the webhook says why (section 6).",
    },
    unknown_call={GET_CALL: error(404, "not_found")},
    unknown_status=call("call_completed", status=ODD_WORD),
    listed=calls,
    pages=Pages(
        since=datetime(2026, 1, 1, tzinfo=UTC),
        scene={f"GET {CALLS}": [page(1, "1", "2"), page(2, "3", "4"), page(3, "5")]},
        ids=(("call_1", "call_2"), ("call_3", "call_4"), ("call_5",)),
        asks=(list_ask(1), list_ask(2), list_ask(3)),
    ),
    events={
        "started": event(
            "started",
            status="in_progress",
            provider_call_id=CALL,
            other_call_id="789",
            answered_at=START,
            agent_id=AGENT,
            ask_again_at=None,
        ),
        "ended": event(
            "ended",
            status="ended",
            duration_ms=64_000,
            ended_at=END,
            analysis=Analysis("Jamie wants the Pro plan renewed."),
            ask_again_at=ASK,
        ),
        "ended without a summary": event(
            "ended_without_summary", status="ended", analysis=None
        ),
        "no answer": failed(
            "no_answer",
            "not_connected",
            "no_answer",
            "no-answer",
            fault="callee",
            answered_at=None,
            ended_at=FAILED_AT,
            ask_again_at=ASK,
        ),
        "busy": failed("busy", "not_connected", "busy", "busy"),
        "no reason": failed("without_reason", "failed", "other", ""),
        "an unknown reason": failed("unknown_reason", "failed", "other", "moon-phase"),
        "cut off": failed(
            "after_the_start",
            "ended",
            "other",
            "disconnected",
            duration_ms=12_000,
            answered_at=START,
        ),
        "transcript": event("transcript", status="ended", ask_again_at=ASK),
        "transcript, said elsewhere": event(
            "transcript_without_words", turns=None, ask_again_at=ASK
        ),
        "summary": event("summary", analysis=Analysis(SUMMARY), ask_again_at=ASK),
        "recording": event("recording", recording_url=RECORDING, ask_again_at=ASK),
        "the calendar": event("calendar_created"),
    },
    unknown_event={
        "event_type": "call.dreamt",
        "call": payload("klen/webhook_ended")["call"],
    },
    inbound_call=event(
        "inbound_started",
        direction="inbound",
        from_number="+13105550142",
        agent_id="assistant_777",
        status="in_progress",
    ),
    sign=sign,
    signature_ages=False,
    agents=(
        {"GET /api/v1/agents": payload("klen/agents")},
        (
            agent(AGENT, "Renewals", "voice_maya"),
            agent("assistant_777", "Reception", "voice_robin"),
            agent("assistant_888", "Survey", "voice_nico"),
        ),
    ),
    numbers=(
        {"GET /api/v1/agents": payload("klen/agents")},
        (
            NumberFacts(
                "+14157774444",
                inbound=BindingFacts("assistant_777"),
                outbound=BindingFacts(AGENT),
            ),
        ),
    ),
)
