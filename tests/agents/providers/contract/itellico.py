"""itellico's words for the contract test: contract sheet, sections 0 to 8."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
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
from agents.providers.itellico.client import Itellico
from tests.agents.providers.contract.stage import (
    FROM,
    NOW,
    ODD_WORD,
    REFERENCE,
    TO,
    Ask,
    Bind,
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

KEY, SECRET = "sk-a1b2c3d4.made-up-0123456789", "secret-made-up-9876543210"
ACCOUNT = "5c1f7e02-9d3b-4c55-8f1e-0a2b3c4d5e6f"
CALL = "7b0c1a52-3f64-4d0e-9a55-2f1d6f0e8c11"
AGENT = "0d9f6a1e-5b1c-4b61-8c0a-6d3f5a1b2c3d"
NUMBER_ID = "2f6d8b10-4c3a-4e2f-9b1d-7a6c5e4d3b2a"
IN = f"/v1/accounts/{ACCOUNT}"
CALLS, GET_CALL = f"GET {IN}/calls", f"GET {IN}/calls/{CALL}"
START = datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
END = START + timedelta(seconds=64)
PLACED = reply(201, payload("itellico/create_phone_call"))


def wish(**fields: Any) -> CallRequest:
    """Return a wish, with what it must have."""
    usual: dict[str, Any] = {"type": "phone", "to_number": TO, "from_number": FROM}
    return CallRequest(reference=REFERENCE, agent_id=AGENT, **usual | fields)


def create(**body: Any) -> Ask:
    """Return the request that dials: no field is sent but those given."""
    known = {"agent_id": AGENT, "external_id": REFERENCE}
    return Ask(method="POST", path=f"{IN}/calls", body=known | body)


def error(status: int, code: str, words: str = "") -> Refusal:
    """Return an error of the payload files."""
    answer = reply(status, payload(f"itellico/error_{status}"))
    return Refusal(answer=answer, code=code, words=words)


def state(name: str, **told: Any) -> Told:
    """Return the call as a payload file has it."""
    return Told(scene={GET_CALL: payload(f"itellico/{name}")}, told=told)


def unanswered(word: str) -> Told:
    """Return a call that nobody took; it has no start."""
    told = {"end_reason_raw": word, "fault": "callee", "answered_at": None}
    return state(f"get_call_{word}", **told)


def event(name: str, **told: Any) -> Event:
    """Return a webhook of the payload files: a hint, so it asks for the call."""
    known = {"provider_call_id": CALL, "ask_again_at": NOW, "agent_id": AGENT}
    return Event(payload=payload(f"itellico/{name}"), told=(known | told,))


def row(listed: Listed) -> Json:
    """Return a call as the list shows it."""
    at = listed.started_at.isoformat().replace("+00:00", "Z")
    whole: Json = payload("itellico/create_phone_call")
    return whole | {
        "id": f"{listed.id:0>8}-0000-4000-8000-000000000000",
        "direction": listed.direction,
        "agent_id": listed.agent_id,
        "from_number": listed.from_number,
        "to_number": listed.to_number,
        "external_id": listed.reference or None,
        "created": at,
        "modified": at,
    }


def calls(listed: Sequence[Listed]) -> Scene:
    """Return a scene in which these are the calls of the account."""
    return {CALLS: {"count": len(listed), "items": [row(each) for each in listed]}}


def page(total: int, *ids: int) -> Json:
    """Return one page of calls; `count` is the total."""
    return {"count": total, "items": [row(Listed(id=str(each))) for each in ids]}


def long_id(number: int) -> str:
    """Return the id of a listed call."""
    return f"{number:0>8}-0000-4000-8000-000000000000"


def list_ask(offset: int) -> Ask:
    """Return the request for a page of calls since START."""
    query = {"created_after": "2026-01-01T00:00:05Z", "limit": "100"}
    return Ask(method="GET", path=f"{IN}/calls", params=query | {"offset": str(offset)})


def sign(body: bytes, at: datetime) -> Mapping[str, str]:
    """Sign as section 7.3 says: the body, a dot, the timestamp."""
    timestamp = str(round(at.timestamp()))
    message = body + b"." + timestamp.encode()
    digest = hmac.new(SECRET.encode(), message, hashlib.sha256)
    return {"X-Sig": digest.hexdigest(), "X-Sig-Time": timestamp}


def bind(agent_id: str, sent: str | None) -> Bind:
    """Return a binding of FROM and the last request it makes."""
    path = f"{IN}/phone-numbers/{NUMBER_ID}"
    return Bind(
        direction="inbound",
        number=FROM,
        binding=BindingFacts(agent_id),
        scene={
            f"GET {IN}/phone-numbers": payload("itellico/list_numbers"),
            f"PATCH {path}": payload("itellico/list_numbers")["items"][0],
        },
        ask=Ask(method="PATCH", path=path, body={"inbound_agent_id": sent}),
    )


PHONE = {"type": "phone", "from_number": FROM, "to_number": TO}

STAGE = Stage(
    client=Itellico,
    credentials={
        "api_key": KEY,
        "account_id": ACCOUNT,
        "webhook_secret": SECRET,
        "signature_header": "X-Sig",
        "timestamp_header": "X-Sig-Time",
    },
    headers={"x-api-key": KEY, "host": "api.itellico.ai"},
    place=Place(
        request=wish(
            variables={"plan": "Pro"},
            metadata={"campaign": "june"},
            customer_name="Jamie",
            overrides=Overrides(
                opening_line="Hi",
                max_duration_ms=60_000,
                raw={
                    "medium": "SIP",
                    "device_fingerprint": "desk-7",
                    "initial_text": "I want to renew.",
                    "audio_input_enabled": True,
                    "audio_output_enabled": False,
                    "skip_greeting_on_initial_text": True,
                    "overrides": {
                        "amd_mode": "ml",
                        "agent": {"voice": {"provider": "azure", "voice_id": "v"}},
                    },
                },
            ),
        ),
        scene={f"POST {IN}/calls": PLACED},
        ask=create(
            **PHONE,
            medium="SIP",
            device_fingerprint="desk-7",
            initial_text="I want to renew.",
            audio_input_enabled=True,
            audio_output_enabled=False,
            skip_greeting_on_initial_text=True,
            test_variables={"plan": "Pro"},
            overrides={
                "amd_mode": "ml",
                "agent": {
                    "initial_message": {"message": "Hi", "mode": "fixed_message"},
                    "max_duration_seconds": 60,
                    "voice": {"provider": "azure", "voice_id": "v"},
                },
            },
        ),
        told={"provider_call_id": CALL, "reference": REFERENCE, "status": "ringing"},
    ),
    place_plain=Place(
        request=wish(),
        scene={f"POST {IN}/calls": PLACED},
        ask=create(**PHONE),
        told={"provider_call_id": CALL, "status_raw": "in_progress"},
    ),
    place_web=Place(
        request=wish(type="web", to_number="", from_number=""),
        scene={f"POST {IN}/calls": reply(201, payload("itellico/create_web_call"))},
        ask=create(type="web"),
        told={
            "provider_call_id": "c2a4e6f8-1b3d-4f5a-8c7e-9d0b1a2c3e4f",
            "other_call_id": "RM_a1b2c3d4e5f6",
            "type": "web",
            "join": {
                "access_token": "eyJhbGciOiJIUzI1NiJ9.made.up",
                "url": "wss://itellico.livekit.example",
                "room_sid": "RM_a1b2c3d4e5f6",
            },
        },
    ),
    unclear={
        "no id": reply(201, {"success": True, "status": "in_progress"}),
        "an empty id": reply(201, {"id": ""}),
        "an odd id": reply(201, {"id": 7}),
        "no success": reply(
            201, payload("itellico/create_phone_call") | {"success": False}
        ),
        "a conflict": reply(409, payload("itellico/error_409")),
    },
    refusals={
        "400": error(400, ""),
        "401": error(401, "not_permitted", "missing, revoked or expired"),
        "402": error(402, "no_funds", "does not include"),
        "403": error(403, "not_permitted", "lacks the permission"),
        "404": error(404, "", "Agent not found"),
        "410": error(410, ""),
        "422": error(422, "invalid_number", "body.to_number"),
        "422 of another field": Refusal(
            answer=reply(422, {"message": "No.", "errors": [{"field": "body.type"}]}),
            code="",
        ),
        "a code of their own": Refusal(
            answer=reply(400, payload("itellico/error_odd_code")),
            code="",
            words="archived",
        ),
    },
    busy_body=payload("itellico/error_429"),
    wishes_refused={
        "overrides": LaunchWish(overrides=Overrides(voice="Maya")),
        "variables": LaunchWish(variables={"contact.email": "a@b.example"}),
        "to_number": LaunchWish(to_number="334", ignore_e164_validation=True),
        "from_number": LaunchWish(from_number="12", ignore_e164_validation=True),
    },
    call_id=CALL,
    states={
        "dialing": state(
            "get_call_waiting", status_raw="in_progress", answered_at=None
        ),
        "in_progress": state("get_call_in_progress", answered_at=START, ended_at=None),
        "ended": state(
            "get_call",
            answered_at=START,
            ended_at=END,
            duration_ms=64_000,
            answered_by="human",
            end_reason="",
            end_reason_raw="completed",
            reference=REFERENCE,
            recording_url="https://media.itellico.example/rec/7b0c.mp3?sig=abc",
        ),
        "busy": unanswered("user_busy"),
        "no_answer": unanswered("user_unavailable"),
    },
    never_told={"cost": "no field of a call, conversation or webhook has one"},
    unknown_call={GET_CALL: reply(404, payload("itellico/error_404"))},
    unknown_status={GET_CALL: payload("itellico/get_call") | {"status": ODD_WORD}},
    listed=calls,
    pages=Pages(
        since=START,
        scene={CALLS: [page(5, 1, 2), page(5, 3, 4), page(5, 5)]},
        ids=(
            (long_id(1), long_id(2)),
            (long_id(3), long_id(4)),
            (long_id(5),),
        ),
        asks=(list_ask(0), list_ask(2), list_ask(4)),
    ),
    events={
        "started": event(
            "conversation_started", status="in_progress", answered_at=START
        ),
        "ended": event(
            "conversation_ended", status="ended", duration_ms=64_000, ended_at=END
        ),
        "transferred": event(
            "conversation_ended_transferred", status="ended", end_reason="transferred"
        ),
        "busy": event(
            "conversation_ended_busy", status="not_connected", end_reason="busy"
        ),
        "unknown words": event(
            "conversation_ended_unknown_words", status="", status_raw=ODD_WORD
        ),
        "analysed": event(
            "conversation_analysis_completed",
            analysis=Analysis(
                custom={
                    "goals": [{"name": "renewed", "achieved": True}],
                    "insights": {"mood": "friendly"},
                }
            ),
        ),
    },
    unknown_event=payload("itellico/unknown_event"),
    inbound_call=event(
        "inbound_conversation_started",
        provider_call_id="11111111-2222-4333-8444-555555555555",
        direction="inbound",
        from_number=TO,
        to_number=FROM,
    ),
    sign=sign,
    agents=(
        {f"GET {IN}/agents": payload("itellico/list_agents")},
        (
            AgentFacts(
                AGENT,
                "Renewals",
                (
                    VersionFacts(
                        0,
                        is_published=True,
                        opening_line="Hi {{first_name}}!",
                        voice="21m00Tcm4TlvDq8ikWAM",
                        model="gpt-4.1",
                        language="de",
                        changed_at=datetime(2026, 1, 1, tzinfo=UTC),
                    ),
                ),
            ),
            AgentFacts(
                "aaaa1111-bbbb-4ccc-8ddd-eeee22223333",
                "Reception",
                (VersionFacts(0, is_published=True),),
            ),
        ),
    ),
    numbers=(
        {f"GET {IN}/phone-numbers": payload("itellico/list_numbers")},
        (
            NumberFacts(FROM, "Sales", "custom", inbound=BindingFacts(AGENT)),
            NumberFacts(
                "+13105550142",
                carrier="custom",
                trouble="No SIP trunk is linked to it there.",
            ),
        ),
    ),
    binds=(bind("a", "a"), bind("", None)),
)
