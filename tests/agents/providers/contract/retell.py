"""Retell's words for the contract test: contract sheet, sections 1 to 8."""

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
    InboundCall,
    Json,
    NumberFacts,
    Overrides,
    VersionFacts,
)
from agents.providers.retell.client import Retell
from tests.agents.providers.contract.stage import (
    FROM,
    ODD_WORD,
    REFERENCE,
    TO,
    Ask,
    Bind,
    Event,
    Listed,
    Order,
    Pages,
    Place,
    Refusal,
    Scene,
    Stage,
    Told,
    reply,
)
from tests.agents.providers.payloads import payload

KEY, WEBHOOK_KEY = "key_made_up_0123456789", "key_with_badge_9876543210"
CALL = "call_a1b2c3d4e5f60718293a4b5c6d7e8f90"
AGENT = "agent_oBeDLoLOeuAbiuaMFXRtDOLriTJ5tSxD"
GET_CALL, LIST = f"GET /v2/get-call/{CALL}", "POST /v3/list-calls"
START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(milliseconds=64250)
PLACED = reply(201, payload("retell/create_phone_call"))


def wish(**fields: Any) -> CallRequest:
    """Return a wish, with what it must have."""
    usual: dict[str, Any] = {"type": "phone", "to_number": TO, "from_number": FROM}
    return CallRequest(reference=REFERENCE, agent_id=AGENT, **usual | fields)


def error(status: int, message: str) -> Any:
    """Return an error in Retell's shape."""
    return reply(status, {"status": "error", "message": message})


def call(**changes: Any) -> Scene:
    """Return a scene in which the call is as in the payload, with changes."""
    return {GET_CALL: payload("retell/get_call") | changes}


def unanswered(reason: str) -> Told:
    """Return a call that nobody took; it has no start."""
    whole = payload("retell/create_phone_call")
    over = {"call_status": "not_connected", "disconnection_reason": reason}
    told = {"end_reason_raw": reason, "fault": "callee", "answered_at": None}
    return Told(scene={GET_CALL: whole | {"call_id": CALL} | over}, told=told)


def event(name: str, **told: Any) -> Event:
    """Return a webhook of the payload files."""
    return Event(payload=payload(f"retell/{name}"), told=(told,) if told else ())


def ended(reason: str, **told: Any) -> dict[str, Any]:
    """Return what is told of a call that ended."""
    return {"status": "ended", "end_reason": reason, **told}


def row(listed: Listed) -> Json:
    """Return a call as `list-calls` shows it."""
    metadata = {"switchboard_reference": listed.reference} if listed.reference else {}
    return {
        "call_id": f"call_{listed.id}",
        "call_type": "phone_call",
        "agent_id": listed.agent_id,
        "agent_version": 1,
        "call_status": "ongoing",
        "direction": listed.direction,
        "from_number": listed.from_number,
        "to_number": listed.to_number,
        "start_timestamp": round(listed.started_at.timestamp() * 1000),
        "metadata": metadata,
    }


def calls(listed: Sequence[Listed]) -> Scene:
    """Return a scene in which these are the calls of the account."""
    return {LIST: {"items": [row(each) for each in listed], "has_more": False}}


def page(*ids: str, key: str, has_more: bool = True) -> Json:
    """Return one page of calls; only `has_more` says that others follow."""
    items = [row(Listed(id=each)) for each in ids]
    return {"items": items, "has_more": has_more, "pagination_key": key}


def list_ask(**more: Any) -> Ask:
    """Return the request for a page of calls since START."""
    since = {"type": "number", "op": "ge", "value": 1767225600000}
    body = {"filter_criteria": {"start_timestamp": since}, "limit": 200, **more}
    return Ask(method="POST", path="/v3/list-calls", body=body)


def sign(body: bytes, at: datetime) -> Mapping[str, str]:
    """Sign as Retell does: section 6, the body followed by the milliseconds."""
    ms = str(round(at.timestamp() * 1000))
    digest = hmac.new(WEBHOOK_KEY.encode(), body + ms.encode(), hashlib.sha256)
    return {"X-Retell-Signature": f"v={ms},d={digest.hexdigest()}"}


def bind(direction: str, binding: BindingFacts, bound: Any) -> Bind:
    """Return a binding of FROM and the one request it makes."""
    path = f"/update-phone-number/{FROM}"
    body = {f"{direction}_agents": bound}
    ask = Ask(method="PATCH", path=path, body=body)
    scene: Scene = {f"PATCH {path}": {}}
    return Bind(direction=direction, number=FROM, binding=binding, scene=scene, ask=ask)


def version(number: int, **more: Any) -> VersionFacts:
    """Return a version as the payload files have it."""
    return VersionFacts(number, changed_at=START, **more)


SPLIT = ({"agent_id": "a", "weight": 0.4}, {"agent_id": "b", "weight": 0.6})
WORDS = {
    "prompt": "You call {{first_name}} about {{plan}}.",
    "opening_line": "Hi {{first_name}}!",
    "voice": "11labs-Adrian",
    "model": "gpt-4.1",
    "language": "en-US",
}

STAGE = Stage(
    client=Retell,
    credentials={"api_key": KEY, "webhook_key": WEBHOOK_KEY},
    headers={"authorization": f"Bearer {KEY}", "host": "api.retellai.com"},
    place=Place(
        request=wish(
            agent_version=2,
            variables={"plan": "Pro"},
            sip_headers={"X-Campaign": "june"},
            metadata={"campaign": "june"},
            ignore_e164_validation=True,
            overrides=Overrides(
                voice="v",
                model="m",
                opening_line="Hi",
                max_duration_ms=60_000,
                raw={"agent": {"responsiveness": 0.5}},
            ),
        ),
        scene={"POST /v2/create-phone-call": PLACED},
        ask=Ask(
            method="POST",
            path="/v2/create-phone-call",
            body={
                "from_number": FROM,
                "to_number": TO,
                "override_agent_id": AGENT,
                "override_agent_version": 2,
                "agent_override": {
                    "agent": {
                        "voice_id": "v",
                        "max_call_duration_ms": 60_000,
                        "responsiveness": 0.5,
                    },
                    "retell_llm": {"model": "m", "begin_message": "Hi"},
                },
                "metadata": {"campaign": "june", "switchboard_reference": REFERENCE},
                "retell_llm_dynamic_variables": {"plan": "Pro"},
                "custom_sip_headers": {"X-Campaign": "june"},
                "ignore_e164_validation": True,
                "idempotency_key": REFERENCE,
            },
        ),
        told={"provider_call_id": CALL, "reference": REFERENCE, "status": "ringing"},
    ),
    place_plain=Place(
        request=wish(),
        scene={"POST /v2/create-phone-call": PLACED},
        ask=Ask(
            method="POST",
            path="/v2/create-phone-call",
            body={
                "from_number": FROM,
                "to_number": TO,
                "override_agent_id": AGENT,
                "metadata": {"switchboard_reference": REFERENCE},
                "idempotency_key": REFERENCE,
            },
        ),
        told={"provider_call_id": CALL, "status_raw": "registered"},
    ),
    place_web=Place(
        request=wish(type="web", to_number="", from_number="", agent_version=1),
        scene={
            "POST /v3/create-web-call": reply(201, payload("retell/create_web_call"))
        },
        ask=Ask(
            method="POST",
            path="/v3/create-web-call",
            body={
                "agent_id": AGENT,
                "agent_version": 1,
                "metadata": {"switchboard_reference": REFERENCE},
            },
        ),
        told={
            "provider_call_id": "call_web0123",
            "type": "web",
            "join": {
                "access_token": "eyJhbGciOiJIUzI1NiJ9.made.up",
                "ice_servers": payload("retell/create_web_call")["ice_servers"],
                "transport": "gateway",
                "expires_at": "2026-01-01T00:00:30+00:00",
            },
        },
    ),
    unclear={
        "no id": reply(201, {"call_status": "registered"}),
        "an empty id": reply(201, {"call_id": ""}),
        "an odd id": reply(201, {"call_id": 7}),
    },
    refusals={
        "400": Refusal(answer=error(400, "Invalid request format."), code=""),
        "401": Refusal(
            answer=error(401, "API key is missing or invalid."),
            code="not_permitted",
            words="missing or invalid",
        ),
        "402": Refusal(
            answer=reply(402, payload("retell/error_402")),
            code="no_funds",
            words="Trial has ended",
        ),
        "403": Refusal(answer=error(403, "Forbidden"), code="not_permitted"),
        "404": Refusal(answer=error(404, "Not found."), code=""),
        "422": Refusal(
            answer=reply(422, payload("retell/error_422")),
            code="",
            words="Cannot find requested asset",
        ),
    },
    busy_body={"status": "error", "message": "Account rate limited."},
    call_id=CALL,
    states={
        "dialing": Told(
            scene={GET_CALL: payload("retell/create_phone_call")},
            told={"status_raw": "registered", "answered_at": None},
        ),
        "in_progress": Told(
            scene={
                GET_CALL: payload("retell/create_phone_call")
                | {"call_status": "ongoing", "start_timestamp": 1767225600000}
            },
            told={"answered_at": START, "ended_at": None, "agent_version": 1},
        ),
        "ended": Told(
            scene=call(),
            told=ended(
                "agent_hangup",
                answered_at=START,
                ended_at=END,
                duration_ms=64250,
                cost=Decimal("0.12345"),
                currency="USD",
                answered_by="human",
                recording_url="https://dxc03zgurdly9.cloudfront.net/a1b2/recording.wav",
                analysis=Analysis(
                    "Jamie asked about the Pro plan; it renews on June 30.",
                    "positive",
                    True,
                    {"wants_renewal": "yes", "seats": 12},
                ),
            ),
        ),
        "busy": unanswered("dial_busy"),
        "no_answer": unanswered("dial_no_answer"),
    },
    unknown_call={GET_CALL: reply(422, payload("retell/error_422"))},
    unknown_status=call(call_status=ODD_WORD, disconnection_reason=None),
    listed=calls,
    pages=Pages(
        since=START,
        scene={
            LIST: [
                page("1", "2", key="k2"),
                page("3", "4", key="k4"),
                page("5", key="k5", has_more=False),
            ]
        },
        ids=(("call_1", "call_2"), ("call_3", "call_4"), ("call_5",)),
        asks=(
            list_ask(),
            list_ask(pagination_key="k2"),
            list_ask(pagination_key="k4"),
        ),
    ),
    events={
        "started": event("call_started", status="in_progress", answered_at=START),
        "said": event("transcript_updated", status="in_progress"),
        "ended": event(
            "call_ended", **ended("agent_hangup", duration_ms=64250, ended_at=END)
        ),
        "ended, said registered": event(
            "call_ended_said_registered", **ended("user_hangup")
        ),
        "voicemail": event(
            "call_ended_voicemail", **ended("voicemail", answered_by="machine")
        ),
        "no answer": event(
            "call_ended_no_answer", status="not_connected", end_reason="no_answer"
        ),
        "an unknown reason": event(
            "call_ended_unknown_reason", end_reason="other", end_reason_raw="moon_phase"
        ),
        "analyzed": event("call_analyzed", **ended("agent_hangup")),
        "web call": event("web_call_analyzed", **ended("user_hangup", type="web")),
        "transferred": event("transfer_bridged", status="in_progress"),
        "a chat": event("chat_ended"),
        "an alert": event("alert_triggered"),
    },
    unknown_event={"event": "call_dreamt", "call": payload("retell/get_call")},
    inbound_call=event(
        "inbound_call_started",
        direction="inbound",
        from_number=TO,
        to_number=FROM,
        agent_id=AGENT,
    ),
    sign=sign,
    ringing=(
        payload("retell/call_inbound"),
        InboundCall(TO, FROM, AGENT, "call_0123"),
        {
            "call_inbound": {
                "override_agent_id": "agent_x",
                "dynamic_variables": {"name": "Jamie"},
            }
        },
    ),
    agents=(
        {
            "POST /v2/list-agents": payload("retell/list_agents"),
            "GET /get-agent/agent_1": [payload("retell/get_agent")],
            "GET /list-agent-versions/agent_1": {"items": [], "has_more": False},
            "GET /get-retell-llm/llm_1": payload("retell/get_llm"),
        },
        (AgentFacts("agent_1", "Renewals", (version(3, **WORDS),)),),
    ),
    numbers=(
        {"GET /v2/list-phone-numbers": payload("retell/list_numbers")},
        (
            NumberFacts(
                "+14157774444",
                "Sales",
                "twilio",
                ("US", "CA"),
                inbound=BindingFacts("agent_1"),
                outbound=BindingFacts("agent_1", 2),
            ),
            NumberFacts(
                "+13105550142",
                carrier="custom",
                inbound=BindingFacts(
                    "agent_2",
                    weights=(
                        {"agent_id": "agent_1", "weight": 0.3},
                        {
                            "agent_id": "agent_2",
                            "weight": 0.7,
                            "agent_version": "prod",
                        },
                    ),
                ),
            ),
        ),
    ),
    binds=(
        bind("inbound", BindingFacts("a"), [{"agent_id": "a", "weight": 1}]),
        bind("inbound", BindingFacts(), None),
        bind("inbound", BindingFacts("b", weights=SPLIT), list(SPLIT)),
        bind(
            "outbound",
            BindingFacts("a", 2),
            [{"agent_id": "a", "weight": 1, "agent_version": 2}],
        ),
        bind("outbound", BindingFacts(), None),
    ),
    hang_up=Order(
        scene={f"POST /v2/stop-call/{CALL}": reply(204)},
        ask=Ask(method="POST", path=f"/v2/stop-call/{CALL}"),
    ),
)
