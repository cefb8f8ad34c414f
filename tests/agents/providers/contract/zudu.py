"""Zudu's words for the contract test: contract sheet, sections 0 to 7."""

from collections.abc import Sequence
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
    VersionFacts,
)
from agents.providers.zudu.client import Zudu
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

KEY, SECRET = "sk_made_up_0123456789", "s3cr3t_made_up_9876543210"
CALL = "call_8f14e45f-ceea-467f-a0e6-5cbd0e6c1a11"
AGENT = "agent_3c59dc04"
GET_CALL, LIST = f"GET /api/calls/{CALL}", "POST /api/calls"
DIAL = "POST /api/calls/create-phone-call"
START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(milliseconds=64250)
CHANGED_AT = datetime(2026, 1, 2, tzinfo=UTC)
PLACED = reply(201, payload("zudu/create_phone_call"))


def wish(**fields: Any) -> CallRequest:
    """Return a wish, with what it must have."""
    usual: dict[str, Any] = {"type": "phone", "to_number": TO, "from_number": FROM}
    return CallRequest(reference=REFERENCE, agent_id=AGENT, **usual | fields)


def place(request: CallRequest, metadata: Json) -> Place:
    """Return a phone call that is placed: nothing but four fields can be sent."""
    body = {
        "from_number": FROM,
        "to_number": TO,
        "override_agent_id": AGENT,
        "metadata": metadata,
    }
    return Place(
        request=request,
        scene={DIAL: PLACED},
        ask=Ask(method="POST", path="/api/calls/create-phone-call", body=body),
        told={
            "provider_call_id": CALL,
            "status": "ringing",
            "status_raw": "ONGOING",
            "answered_at": None,
        },
    )


def enveloped(data: Any) -> Json:
    """Return an answer in the envelope."""
    return {"message": "Well", "status": "success", "error": None, "data": data}


def error(status: int, error: str, message: str = "Validation error") -> Any:
    """Return an error in Zudu's shape."""
    return reply(status, {"message": message, "status": "error", "error": error})


def call(**changes: Any) -> Scene:
    """Return a scene in which the call is as in the payload, with changes."""
    return {GET_CALL: enveloped(payload("zudu/get_call_s")["data"] | changes)}


def going_on(**changes: Any) -> Scene:
    """Return a scene in which the call is not over."""
    unknown = ("end_timestamp", "call_duration", "disconnection_reason", "transcript")
    later = ("recording_url", "call_analysis", "call_cost", "latency")
    nothing = dict.fromkeys((*unknown, *later))
    return call(
        **{"call_status": "ONGOING", "transcript_object": [], **nothing, **changes}
    )


def row(listed: Listed) -> Json:
    """Return a call as the list shows it."""
    metadata = {"switchboard_reference": listed.reference} if listed.reference else {}
    return {
        "call_id": f"call_{listed.id}",
        "agent_id": listed.agent_id or AGENT,
        "organization_id": "org_7f0c",
        "call_status": "ONGOING",
        "call_type": "PHONE_CALL",
        "direction": listed.direction.upper(),
        "from_number": listed.from_number,
        "to_number": listed.to_number,
        "start_timestamp": round(listed.started_at.timestamp() * 1000),
        "end_timestamp": None,
        "metadata": metadata,
    }


def calls(listed: Sequence[Listed]) -> Scene:
    """Return a scene in which these are the calls of the account."""
    return {LIST: page(*map(row, listed))}


def page(*rows: Json, number: int = 0, pages: int = 1) -> Json:
    """Return one page of calls, in the newer form."""
    pagination = {
        "page": number,
        "limit": 50,
        "total_count": len(rows) * pages,
        "total_pages": pages,
        "has_next_page": number + 1 < pages,
        "has_previous_page": number > 0,
    }
    told = {"calls": list(rows), "pagination": pagination, "returned_count": len(rows)}
    return enveloped({"organization_id": "org_7f0c", **told, "applied_filters": {}})


def begun(id: str) -> Json:
    """Return a listed call that somebody answered."""
    return row(Listed(id=id, started_at=START + timedelta(minutes=1)))


def failed(id: str) -> Json:
    """Return a listed call that never began."""
    return row(Listed(id=id)) | {"call_status": "ERROR", "start_timestamp": None}


def list_ask(sort_by: str, number: int) -> Ask:
    """Return the request for a page of calls."""
    body = {
        "page": number,
        "limit": 50,
        "sort_by": sort_by,
        "sort_order": "descending",
    }
    return Ask(method="POST", path="/api/calls", body=body)


def hint(payload: Any) -> Event:
    """Return a webhook that only says that there is something to ask."""
    return Event(
        payload=payload,
        told=({"provider_call_id": CALL, "status": "", "end_reason": ""},),
    )


def bind(direction: str, binding: BindingFacts, body: Json) -> Bind:
    """Return a binding of FROM and the one request it makes; the plus is encoded."""
    ask = Ask(method="PATCH", path=f"/api/phone-numbers/%2B{FROM[1:]}", body=body)
    scene: Scene = {ask.what: enveloped({})}
    return Bind(direction=direction, number=FROM, binding=binding, scene=scene, ask=ask)


def version(**words: str) -> VersionFacts:
    """Return the one version an agent has."""
    return VersionFacts(1, is_published=True, changed_at=CHANGED_AT, **words)


STAGE = Stage(
    client=Zudu,
    credentials={"api_key": KEY, "api_secret": SECRET},
    headers={"x-api-key": KEY, "x-api-secret": SECRET, "host": "api.zudu.ai"},
    place=place(
        wish(metadata={"campaign": "june"}, customer_name="Jamie"),
        {"campaign": "june", "switchboard_reference": REFERENCE},
    ),
    place_plain=place(wish(), {"switchboard_reference": REFERENCE}),
    place_web=Place(
        request=wish(type="web", to_number="", from_number=""),
        scene={
            "POST /api/calls/create-web-call": reply(
                201, payload("zudu/create_web_call")
            )
        },
        ask=Ask(
            method="POST",
            path="/api/calls/create-web-call",
            body={
                "agent_id": AGENT,
                "metadata": {"switchboard_reference": REFERENCE},
            },
        ),
        told={
            "provider_call_id": "call_web-45c48cce",
            "type": "web",
            "status_raw": "REGISTERED",
            "join": {
                "access_token": "eyJhbGciOiJIUzI1NiJ9.made.up",
                "server_url": "wss://communication.zudu.ai",
                "room_name": "call_web-45c48cce",
            },
        },
    ),
    unclear={
        "no data": reply(200, payload("zudu/error_400_no_org")),
        "no call": reply(201, enveloped({"organization_id": "org_7f0c"})),
        "an empty id": reply(201, enveloped({"call": {"call_id": ""}})),
        "an odd id": reply(201, enveloped({"call": {"call_id": 7}})),
        "a text": reply(201, enveloped("call_1")),
    },
    refusals={
        "400": Refusal(answer=error(400, "to_number is invalid"), code=""),
        "400 that says success": Refusal(
            answer=reply(400, payload("zudu/error_400_no_org")),
            code="",
            words="No Org ID found",
        ),
        "401": Refusal(
            answer=error(401, "Key pair is invalid", "Unauthorized"),
            code="not_permitted",
            words="Unauthorized",
        ),
        "404": Refusal(
            answer=error(404, "Agent 'a' does not exist", "Agent not found"),
            code="",
            words="Agent not found",
        ),
    },
    busy_body={"message": "Too many requests", "status": "error", "error": None},
    wishes_refused={
        "to_number": LaunchWish(
            to_number="334", from_number=FROM, ignore_e164_validation=True
        ),
        "from_number": LaunchWish(
            to_number=TO, from_number="334", ignore_e164_validation=True
        ),
    },
    call_id=CALL,
    states={
        "dialing": Told(
            scene=going_on(start_timestamp=None),
            told={"status_raw": "ONGOING", "answered_at": None, "reference": REFERENCE},
        ),
        "in_progress": Told(
            scene=going_on(), told={"answered_at": START, "ended_at": None}
        ),
        "ended": Told(
            scene=call(),
            told={
                "end_reason": "user_hangup",
                "end_reason_raw": "USER_HANGUP",
                "other_call_id": "6f4922f4-5568-4a0a-8e30-51d2f8c6a9f0",
                "answered_at": START,
                "ended_at": END,
                "duration_ms": 64250,
                "cost": Decimal("0.150000"),
                "currency": "XXX",
                "answered_by": "human",
                "recording_url": (
                    "https://recordings.blob.core.windows.net/made-up/call.mp4"
                ),
                "analysis": Analysis("Jamie renews the Pro plan.", "positive", True),
            },
        ),
    },
    never_told={
        "busy": "Of reasons only USER_HANGUP is documented (section 6).",
        "no_answer": "Of reasons only USER_HANGUP is documented (section 6).",
    },
    unknown_call={GET_CALL: reply(404, payload("zudu/error_404"))},
    unknown_status=call(call_status=ODD_WORD.upper(), disconnection_reason=None),
    listed=calls,
    pages=Pages(
        since=START,
        scene={
            LIST: [
                page(begun("1"), begun("2"), pages=2),
                page(begun("3"), failed("5"), number=1, pages=2),
                page(begun("1"), begun("2"), begun("3"), failed("5")),
            ]
        },
        ids=(("call_1", "call_2"), ("call_3",), ("call_5",)),
        asks=(
            list_ask("start_timestamp", 0),
            list_ask("start_timestamp", 1),
            list_ask("created_at", 0),
        ),
    ),
    events={
        "flat": hint({"call_id": CALL, "transcript": "Hi"}),
        "in a call": hint({"event": "ended", "call": {"call_id": CALL}}),
        "in data": hint({"data": {"call_id": CALL, "call_status": "ENDED"}}),
        "in a call in data": hint({"data": {"call": {"call_id": CALL}}}),
        "about nothing": Event(payload={"test": True}, told=()),
    },
    unknown_event={"event": "dreamt", "data": {"agent_id": AGENT}},
    inbound_call=Told(
        scene=call(direction="INBOUND", from_number=TO, to_number=FROM),
        told={"from_number": TO, "to_number": FROM, "agent_id": AGENT},
    ),
    sign=None,
    agents=(
        {
            "GET /api/agents": payload("zudu/list_agents"),
            "GET /api/agents/agent_3c59dc04/full": payload("zudu/agent_full_s"),
            "GET /api/agents/agent_b6d767d2/full": payload("zudu/agent_full_g"),
        },
        (
            AgentFacts(
                "agent_3c59dc04",
                "Renewals",
                (
                    version(
                        prompt="You call {{first_name}}.",
                        opening_line="Hi {{first_name}}!",
                        voice="voice_nova",
                        language="en-US",
                    ),
                ),
            ),
            AgentFacts(
                "agent_b6d767d2",
                "Front desk",
                (
                    version(
                        opening_line="Guten Tag!",
                        voice="voice_lena",
                        model="gpt-4.1",
                        language="de-DE",
                    ),
                ),
            ),
        ),
    ),
    numbers=(
        {"GET /api/phone-numbers": payload("zudu/list_numbers")},
        (
            NumberFacts(
                FROM,
                "Sales",
                "twilio",
                inbound=BindingFacts("agent_b6d767d2"),
                outbound=BindingFacts("agent_3c59dc04", 3),
            ),
            NumberFacts("+13105550142", carrier="custom"),
        ),
    ),
    binds=(
        bind(
            "inbound",
            BindingFacts("a"),
            {"inbound_agent_id": "a", "inbound_agent_version": 1},
        ),
        bind("inbound", BindingFacts(), {"inbound_agent_id": None}),
        bind(
            "outbound",
            BindingFacts("a", 3),
            {"outbound_agent_id": "a", "outbound_agent_version": 3},
        ),
        bind("outbound", BindingFacts(), {"outbound_agent_id": None}),
    ),
)
