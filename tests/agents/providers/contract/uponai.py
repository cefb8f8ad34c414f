"""UponAI's words for the contract test: contract sheet, sections 1 to 8."""

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
    LaunchWish,
    NumberFacts,
    Overrides,
    VersionFacts,
)
from agents.providers.uponai.client import UponAI
from tests.agents.providers.contract.stage import (
    FROM,
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

KEY, WEBHOOK_KEY = "upon_made_up_0123456789", "upon_with_badge_9876543210"
HEADER = "X-Sig"
ACCOUNT, WORKSPACE = "29e90072-fb58-4c6c-870a-43005115131e", 42
CALL = "call_9f2b61c07d3e4f58a1b2c3d4e5f60718"
SID = "5d0f7c1e-8f3a-4b6e-9a54-0f1a2b3c4d5e"
AGENT = "agent_01hzexample"
INITIATE = "POST /api/v1/calls/initiate"
GET_CALL = f"GET /api/v1/calls/{CALL}"
LIST, HISTORY = "GET /api/v1/calls", "GET /api/v1/calls/history"
NUMBERS = f"GET /api/numbers/{ACCOUNT}"
START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(milliseconds=64250)
PLACED = reply(201, payload("uponai/initiate"))


def wish(**fields: Any) -> CallRequest:
    """Return a wish, with what it must have."""
    usual: dict[str, Any] = {"type": "phone", "to_number": TO, "from_number": FROM}
    return CallRequest(reference=REFERENCE, agent_id=AGENT, **usual | fields)


def no(status: int, said: str) -> Any:
    """Return an error: in which shape is not documented, this is one of several."""
    return reply(status, {"success": False, "message": said})


def call(**changes: Any) -> Json:
    """Return what Get Call answers, with changes to the call."""
    told = payload("uponai/get_call")
    return {"success": True, "call": told["call"] | changes}


def event(name: str, **told: Any) -> Event:
    """Return a webhook of the payload files."""
    return Event(payload=payload(f"uponai/{name}"), told=(told,) if told else ())


def ended(reason: str, **told: Any) -> dict[str, Any]:
    """Return what is told of a call that ended."""
    return {"status": "ended", "end_reason": reason, **told}


def row(listed: Listed) -> Json:
    """Return a call as the plain list shows it: without numbers and times."""
    metadata = {"switchboard_reference": listed.reference} if listed.reference else {}
    told: Json = call()["call"]
    return told | {
        "callId": f"call_{listed.id}",
        "agentId": listed.agent_id,
        "status": "ongoing",
        "metadata": metadata,
    }


def calls(listed: Sequence[Listed]) -> Scene:
    """Return a scene in which these are the calls of the account."""
    counted = {"page": 1, "limit": 100, "total": len(listed)}
    rows = [row(each) for each in listed]
    return {LIST: {"success": True, "calls": rows, "pagination": counted}}


def page(number: int, *ids: str) -> Json:
    """Return one of three pages of the history."""
    past = payload("uponai/history")["calls"][0]
    rows = [past | {"callSid": f"call_{each}"} for each in ids]
    counted = {"page": number, "limit": 100, "total": 5, "pages": 3}
    return {"success": True, "calls": rows, "pagination": counted}


def page_ask(number: int) -> Ask:
    """Return the request for a page of the history since START."""
    params = {"workspaceId": "42", "fromDate": "2026-01-01T00:00:00.000Z"}
    params |= {"page": str(number), "limit": "100"}
    return Ask(method="GET", path="/api/v1/calls/history", params=params)


def sign(body: bytes, at: datetime) -> Mapping[str, str]:
    """Sign as section 6.4 says: the body followed by the milliseconds."""
    ms = str(round(at.timestamp() * 1000))
    digest = hmac.new(WEBHOOK_KEY.encode(), body + ms.encode(), hashlib.sha256)
    return {HEADER: f"v={ms},d={digest.hexdigest()}"}


# What FROM has in the payload file, as a PUT says it again.
SHARES = payload("uponai/numbers")["numbers"][0]["inbound_agents"]
IN = {"inboundAgents": SHARES}
OUT = {"outboundAgentId": "agent_1", "outboundAgentVersion": 2}


def bind(direction: str, binding: BindingFacts, **body: Any) -> Bind:
    """Return a binding of FROM and the PUT it makes, after the numbers were read."""
    kept = OUT if direction == "inbound" else IN
    whole = {
        "accountSid": ACCOUNT,
        "workspaceId": WORKSPACE,
        "inboundWebhookUrl": "https://example.com/ringing",
        "isTimeRoutingEnabled": True,
        **kept,
        **body,
    }
    ask = Ask(method="PUT", path="/api/numbers/%2B14157774444/agent", body=whole)
    done = {"success": True, "message": "Updated.", "numbers": [], "assignment": {}}
    scene = {NUMBERS: payload("uponai/numbers"), ask.what: done}
    return Bind(direction=direction, number=FROM, binding=binding, scene=scene, ask=ask)


STAGE = Stage(
    client=UponAI,
    credentials={
        "api_key": KEY,
        "webhook_key": WEBHOOK_KEY,
        "account_sid": ACCOUNT,
        "workspace_id": str(WORKSPACE),
        "signature_header": HEADER,
    },
    headers={"authorization": f"Bearer {KEY}", "host": "api.upon-ai.com"},
    place=Place(
        request=wish(
            agent_version=3,
            trunk_name="Main Sales Trunk",
            customer_name="Jamie Doe",
            variables={"customer_name": "Jamie"},
            sip_headers={"X-Campaign": "spring-renewal"},
            metadata={"customerId": "cust_123"},
            ignore_e164_validation=True,
            overrides=Overrides(
                voice="elevenlabs-morgan",
                model="gpt-4.1",
                opening_line="Hello Jamie!",
                max_duration_ms=900_000,
                raw={"agent": {"language": "en-GB"}, "llm": {"modelTemperature": 0.2}},
            ),
        ),
        scene={INITIATE: PLACED},
        ask=Ask(
            method="POST",
            path="/api/v1/calls/initiate",
            body={
                "agentId": AGENT,
                "fromNumber": FROM,
                "toNumber": TO,
                "trunkName": "Main Sales Trunk",
                "customerName": "Jamie Doe",
                "ignoreE164Validation": True,
                "overrideAgentVersion": 3,
                "customSipHeaders": {"X-Campaign": "spring-renewal"},
                "metadata": {
                    "customerId": "cust_123",
                    "switchboard_reference": REFERENCE,
                },
                "uponai_dynamic_variables": {"customer_name": "Jamie"},
                "agentOverride": {
                    "agent": {
                        "voiceId": "elevenlabs-morgan",
                        "maxCallDurationMs": 900_000,
                        "language": "en-GB",
                    },
                    "llm": {
                        "model": "gpt-4.1",
                        "beginMessage": "Hello Jamie!",
                        "modelTemperature": 0.2,
                    },
                },
            },
        ),
        told={
            "provider_call_id": CALL,
            "other_call_id": SID,
            "reference": REFERENCE,
            "status": "ringing",
            "status_raw": "registered",
        },
    ),
    place_plain=Place(
        request=wish(),
        scene={INITIATE: reply(201, payload("uponai/initiate_same_id"))},
        ask=Ask(
            method="POST",
            path="/api/v1/calls/initiate",
            body={
                "agentId": AGENT,
                "fromNumber": FROM,
                "toNumber": TO,
                "metadata": {"switchboard_reference": REFERENCE},
            },
        ),
        told={"provider_call_id": CALL, "other_call_id": ""},
    ),
    place_web=Place(
        request=wish(
            type="web", to_number="", from_number="", variables={"name": "Jamie"}
        ),
        scene={"POST /api/v2/calls/web": payload("uponai/web_call")},
        ask=Ask(
            method="POST",
            path="/api/v2/calls/web",
            body={
                "agentId": AGENT,
                "retell_llm_dynamic_variables": {"name": "Jamie"},
            },
        ),
        told={
            "provider_call_id": "call_web0123",
            "type": "web",
            "status": "ringing",
            "join": {
                "access_token": "eyJhbGciOiJIUzI1NiJ9.made.up",
                "expires_at": "2026-01-01T00:00:30+00:00",
            },
        },
    ),
    unclear={
        "no call": reply(201, {"success": True}),
        "an empty call": reply(201, {"success": True, "call": {"call": {}}}),
        "an odd id": reply(201, {"success": True, "call_sid": 7, "call": {"call": 1}}),
        "a failure that names a call": reply(
            201, {"success": True, "call_sid": SID, "call": {"success": False}}
        ),
    },
    refusals={
        "400": Refusal(answer=no(400, "Bad number."), code="", words="Bad number"),
        "401": Refusal(answer=no(401, "Bad token."), code="not_permitted"),
        "402": Refusal(answer=no(402, "No credit."), code="no_funds"),
        "403": Refusal(
            answer=reply(403, {"error": {"message": "Not your workspace."}}),
            code="not_permitted",
            words="Not your workspace",
        ),
        "404": Refusal(
            answer=reply(404, {"error": "No such agent."}), code="", words="No such"
        ),
        "422": Refusal(answer=no(422, "Cannot find it."), code=""),
        "success: false": Refusal(
            answer=reply(201, {"success": False, "error": "No trunk."}),
            code="",
            words="No trunk.",
        ),
        "success: false, deeper": Refusal(
            answer=reply(201, {"success": True, "call": {"success": False}}), code=""
        ),
    },
    busy_body={"success": False, "message": "Too many calls a second."},
    wishes_refused={
        "overrides": LaunchWish(type="web", overrides=Overrides(voice="v")),
        "agent_version": LaunchWish(type="web", agent_version=2),
        "sip_headers": LaunchWish(type="web", sip_headers={"X-A": "b"}),
        "trunk_name": LaunchWish(type="web", trunk_name="Main"),
    },
    call_id=CALL,
    states={
        "dialing": Told(
            scene={GET_CALL: call(status="registered")},
            told={"status_raw": "registered", "answered_at": None},
        ),
        "in_progress": Told(
            scene={GET_CALL: call(status="ongoing")},
            told={"agent_version": 3, "ended_at": None, "other_call_id": ""},
        ),
        "ended": Told(
            scene={
                GET_CALL: call(call_sid=SID),
                HISTORY: payload("uponai/history"),
            },
            told={
                "provider_call_id": CALL,
                "other_call_id": SID,
                "answered_at": datetime(2026, 3, 12, 14, 22, tzinfo=UTC),
                "ended_at": datetime(2026, 3, 12, 14, 25, 34, tzinfo=UTC),
                "duration_ms": 214_000,
                "cost": Decimal("0.15"),
                "currency": "XXX",
                "from_number": "+14155550100",
                "recording_url": "https://cdn.example.com/recordings/call_123abc.mp3",
                "analysis": Analysis("Jamie renews in June.", "positive"),
                "metadata": {
                    "customerId": "cust_123",
                    "switchboard_reference": REFERENCE,
                },
            },
        ),
    },
    never_told={
        "busy": "Get Call has a status and no reason; the webhook has it.",
        "no_answer": "Get Call has a status and no reason; the webhook has it.",
    },
    unknown_call={GET_CALL: no(404, "Call not found.")},
    unknown_status={GET_CALL: call(status=ODD_WORD)},
    listed=calls,
    pages=Pages(
        since=START,
        scene={HISTORY: [page(1, "1", "2"), page(2, "3", "4"), page(3, "5")]},
        ids=(("call_1", "call_2"), ("call_3", "call_4"), ("call_5",)),
        asks=(page_ask(1), page_ask(2), page_ask(3)),
    ),
    events={
        "started": event("call_started", status="in_progress", answered_at=START),
        "said": event("transcript_updated", status="in_progress"),
        "ended": event(
            "call_ended",
            **ended(
                "user_hangup",
                duration_ms=64250,
                ended_at=END,
                cost=Decimal("0.12345"),
                provider_call_id=CALL,
                reference=REFERENCE,
            ),
        ),
        "ended, said registered": event(
            "call_ended_said_registered",
            **ended("user_hangup", direction="inbound", status_raw="registered"),
        ),
        "voicemail": event(
            "call_ended_voicemail", **ended("voicemail", answered_by="machine")
        ),
        "no answer": event(
            "call_ended_no_answer",
            status="not_connected",
            end_reason="no_answer",
            fault="callee",
        ),
        "busy, analyzed first": event(
            "call_analyzed_busy", status="not_connected", end_reason="busy"
        ),
        "no payment": event(
            "call_ended_no_payment", status="failed", end_reason="no_funds", fault="us"
        ),
        "an unknown reason": event(
            "call_ended_unknown_reason",
            status="not_connected",
            end_reason="other",
            end_reason_raw="moon_phase",
        ),
        "analyzed": event(
            "call_analyzed",
            **ended(
                "user_hangup",
                analysis=Analysis(
                    "Jamie asked when the plan renews: on June 30.",
                    "positive",
                    True,
                    {"wants_renewal": "yes", "seats": 12},
                ),
            ),
        ),
        "web call": event("web_call_ended", **ended("agent_hangup", type="web")),
        "transferred": event("transfer_bridged", status="in_progress"),
        "a chat": event("chat_ended"),
        "a chat that begins": event("chat_inbound"),
        "a ringing caller": event("call_inbound"),
    },
    unknown_event={
        "event": "call_dreamt",
        "call": payload("uponai/call_started")["call"],
    },
    inbound_call=event(
        "inbound_call_started",
        direction="inbound",
        from_number=TO,
        to_number=FROM,
        agent_id=AGENT,
    ),
    sign=sign,
    ringing=(
        payload("uponai/call_inbound"),
        InboundCall("+12137771234", "+12137771235", "agent_12345"),
        {
            "call_inbound": {
                "override_agent_id": "agent_x",
                "dynamic_variables": {"name": "Jamie"},
            }
        },
    ),
    agents=(
        {
            "GET /api/agents": reply(200, payload("uponai/agents")),
            "GET /api/agents/agent_1": payload("uponai/agent"),
            "GET /api/agents/agent_1/versions": reply(
                200, payload("uponai/agent_versions")
            ),
            "GET /api/agents/agent_2": {"agent_id": "agent_2", "version": 0},
            "GET /api/agents/agent_2/versions": reply(200, []),
        },
        (
            AgentFacts(
                "agent_1",
                "Renewals",
                (
                    VersionFacts(0, changed_at=datetime(2025, 12, 1, 9, tzinfo=UTC)),
                    VersionFacts(1, voice="elevenlabs-morgan", changed_at=START),
                ),
            ),
            AgentFacts("agent_2", "agent_2", (VersionFacts(0),)),
        ),
    ),
    numbers=(
        {NUMBERS: payload("uponai/numbers")},
        (
            NumberFacts(
                FROM,
                inbound=BindingFacts("agent_2", 4, tuple(SHARES)),
                outbound=BindingFacts("agent_1", 2),
            ),
            NumberFacts(
                "+13105550142",
                inbound=BindingFacts("agent_2", 0),
                trouble="UponAI could not bring it to the voice platform: The trunk "
                "refused.",
            ),
            NumberFacts("334"),
        ),
    ),
    binds=(
        bind(
            "inbound",
            BindingFacts("a"),
            inboundAgents=[{"agent_id": "a", "weight": 1}],
        ),
        bind(
            "inbound",
            BindingFacts("a", 0),
            inboundAgents=[{"agent_id": "a", "weight": 1, "agent_version": 0}],
        ),
        bind("inbound", BindingFacts(), inboundAgents=[]),
        bind("inbound", BindingFacts("agent_2", 4, tuple(SHARES)), **IN),
        bind(
            "outbound",
            BindingFacts("a", 0),
            outboundAgentId="a",
            outboundAgentVersion=0,
        ),
        bind("outbound", BindingFacts("a"), outboundAgentId="a"),
        bind("outbound", BindingFacts(), outboundAgentId=None, outboundAgents=[]),
        bind(
            "outbound",
            BindingFacts("agent_2", 4, tuple(SHARES)),
            outboundAgents=SHARES,
        ),
    ),
)
