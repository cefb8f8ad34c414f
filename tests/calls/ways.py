"""Every way to launch a call, and how each of them is refused.

A wish is in our words: `to`, `agent`, `from`, `version`, `variables`, `sip_headers` and
`longest` (ms). A way turns it into its own request, sends it, and reads the answer.
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from calls.refusals import STATUSES
from dashboard.models import ApiKey, Member, Workspace
from tests.factories import make_browser

Json = dict[str, Any]
FROM, TO, AGENT = "+16285550000", "+14155550100", "agent_1"
WISH: Json = {"to": TO, "agent": AGENT, "from": FROM}
SCOPES = ["calls:write", "calls:read"]

NO_WALLET = "there is no wallet yet that could be empty"
NO_SIP = "a launch has no SIP headers in this dialect"
NO_VERSION = "a launch names no version in this dialect"
NO_OVERRIDES = "a launch has no overrides of ours in this dialect"


@dataclass(frozen=True)
class Asker:
    """Who launches: a person, and programs with a key and a secret."""

    workspace: Workspace
    browser: Client
    key: str
    secret: str


def asker(workspace: Workspace, member: Member) -> Asker:
    """Return somebody who may launch in every way."""
    browser = make_browser(member.user)
    _, key, secret = ApiKey.issue(workspace, "Ways", SCOPES)
    return Asker(workspace, browser, key, secret)


@dataclass(frozen=True)
class Way:
    """One way to launch: its request, its statuses, its shape of an error.

    `words` returns the sentence of an answer and checks its shape; `exempt` are codes
    that cannot arise here, each with the reason.
    """

    name: str
    send: Callable[[Asker, Any], Any]
    body: Callable[[Json], Any]
    words: Callable[[Json, str], str]
    statuses: Mapping[str, int] = field(default_factory=dict)
    exempt: Mapping[str, str] = field(default_factory=dict)

    def launch(self, who: Asker, **changes: Any) -> Any:
        """Send the usual wish with changes."""
        return self.send(who, self.body(WISH | changes))

    def status(self, code: str) -> int:
        """Return the status that goes with a code here."""
        return self.statuses.get(code, STATUSES[code])

    def sentence(self, answer: Any, code: str) -> str:
        """Return what an answer says, in the shape that is due here."""
        if answer.headers["Content-Type"].startswith("text/html"):
            bare = re.sub(r"<[^>]+>", " ", answer.content.decode())
            return self.words({"page": re.sub(r"\s+", " ", bare)}, code)
        return self.words(answer.json(), code)


def post(path: str, body: Any, headers: Mapping[str, str]) -> Any:
    """Post JSON, or text that is to be none."""
    sent = body if isinstance(body, str) else json.dumps(body)
    client = Client(raise_request_exception=False)
    kind = "application/json"
    return client.post(path, sent, content_type=kind, headers=dict(headers))


def bearer(who: Asker) -> dict[str, str]:
    """Return the header most programs send their key in."""
    return {"Authorization": f"Bearer {who.key}"} if who.key else {}


def given(**fields: Any) -> Json:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


# --- The button ----------------------------------------------------------------------
def form(wish: Json) -> Json:
    """Return the call form as a browser sends it."""
    headers = wish.get("sip_headers", {}).items()
    longest = wish.get("longest")
    typed = {f"var-{name}": value for name, value in wish.get("variables", {}).items()}
    return typed | given(
        launch_key=str(uuid.uuid4()),
        who=wish["to"],
        agent=wish["agent"],
        from_number=wish["from"],
        version=wish.get("version"),
        sip_headers="\n".join(f"{name}: {value}" for name, value in headers),
        max_minutes=longest and longest / 60_000,
        metadata=wish.get("metadata"),
    )


BUTTON = Way(
    name="button",
    send=lambda who, body: who.browser.post("/calls/new/", body),
    body=form,
    words=lambda told, code: str(told["page"]),
    statuses=dict.fromkeys(STATUSES, 422),
    exempt={
        "authentication_required": "people log in",
        "invalid_key": "people log in",
        "insufficient_funds": NO_WALLET,
        "server_error": "what breaks is a page of its own, not a refusal",
    },
)


# --- Our own API ---------------------------------------------------------------------
def native(wish: Json) -> Json:
    """Return the body of our own launch."""
    longest = wish.get("longest")
    return given(
        to_number=wish["to"],
        agent_id=wish["agent"],
        from_number=wish["from"],
        agent_version=wish.get("version"),
        variables=wish.get("variables"),
        sip_headers=wish.get("sip_headers"),
        overrides=longest and {"max_duration_ms": longest},
    )


def native_words(told: Json, code: str) -> str:
    """Return the sentence; the code is in `error`."""
    assert set(told) == {"error", "message", "field", "details"}
    assert told["error"] == code
    return str(told["message"])


NATIVE = Way(
    name="native",
    send=lambda who, body: post("/api/v1/calls", body, bearer(who)),
    body=native,
    words=native_words,
    exempt={"insufficient_funds": NO_WALLET},
)


# --- Dialects ------------------------------------------------------------------------
def retell(wish: Json) -> Json:
    """Return Retell's create-phone-call."""
    longest = wish.get("longest")
    agent = {"max_call_duration_ms": longest}
    return given(
        to_number=wish["to"],
        from_number=wish["from"],
        override_agent_id=wish["agent"] or None,
        override_agent_version=wish.get("version"),
        retell_llm_dynamic_variables=wish.get("variables"),
        custom_sip_headers=wish.get("sip_headers"),
        agent_override=longest and {"agent": agent},
    )


def retell_words(told: Json, code: str) -> str:
    """Return the sentence; Retell has no codes."""
    assert set(told) == {"status", "message"}
    assert told["status"] == "error"
    return str(told["message"])


def uponai(wish: Json) -> Json:
    """Return UponAI's initiate."""
    longest = wish.get("longest")
    agent = {"maxCallDurationMs": longest}
    return given(
        toNumber=wish["to"],
        fromNumber=wish["from"],
        agentId=wish["agent"],
        overrideAgentVersion=wish.get("version"),
        uponai_dynamic_variables=wish.get("variables"),
        customSipHeaders=wish.get("sip_headers"),
        agentOverride=longest and {"agent": agent},
    )


def uponai_words(told: Json, code: str) -> str:
    """Return the sentence; how UponAI's errors look is our choice."""
    assert set(told) == {"success", "message"}
    assert told["success"] is False
    return str(told["message"])


def itellico(wish: Json) -> Json:
    """Return itellico's create-call."""
    longest = wish.get("longest")
    agent = longest and {"max_duration_seconds": longest // 1000}
    return given(
        type="phone",
        to_number=wish["to"],
        from_number=wish["from"],
        agent_id=wish["agent"],
        test_variables=wish.get("variables"),
        overrides=agent and {"agent": agent},
    )


ITELLICO_FIELDS = (
    *("missing_phone_number", "missing_agent_id", "invalid_phone_number"),
    *("invalid_variables", "invalid_override", "no_phone_number"),
)


def itellico_words(told: Json, code: str) -> str:
    """Return the sentence; what is wrong with a field names it."""
    assert set(told) - {"errors"} == {"code", "message"}
    assert ("errors" in told) == (code in ITELLICO_FIELDS)
    assert all(row["field"].startswith("body.") for row in told.get("errors", []))
    return str(told["message"])


def klen(wish: Json) -> Json:
    """Return Klen's launch: it names no caller number."""
    return given(
        phone_number=wish["to"] or None,
        agent_id=wish["agent"] or None,
        variables=wish.get("variables"),
    )


# Klen's own table: it has no words for the rest of what we refuse.
KLEN_WORDS = {
    "invalid_variables": "validation_error",
    "country_not_allowed": "permission_denied",
    "outside_calling_hours": "permission_denied",
    "too_many_attempts": "permission_denied",
    "limit_exceeded": "rate_limit_exceeded",
}


def klen_words(told: Json, code: str) -> str:
    """Return the sentence; Klen's word is in `error`."""
    assert set(told) == {"error", "message"}
    assert told["error"] == KLEN_WORDS.get(code, code)
    return str(told["message"])


def zudu(wish: Json) -> Json:
    """Return Zudu's create-phone-call."""
    return given(
        to_number=wish["to"],
        from_number=wish["from"],
        override_agent_id=wish["agent"],
        dynamic_variables=wish.get("variables"),
    )


def zudu_words(told: Json, code: str) -> str:
    """Return the sentence, which is in `error`."""
    assert set(told) == {"message", "status", "error"}
    assert told["status"] == "error"
    return str(told["error"])


def itellico_send(who: Asker, body: Any) -> Any:
    """Launch inside the account of the key."""
    path = f"/compat/itellico/v1/accounts/{who.workspace.pk}/calls"
    return post(path, body, {"X-API-Key": who.key} if who.key else {})


def zudu_send(who: Asker, body: Any) -> Any:
    """Launch with both keys."""
    pair = {"X-API-KEY": who.key, "X-API-SECRET": who.secret} if who.key else {}
    return post("/compat/zudu/api/calls/create-phone-call", body, pair)


COMPAT = (
    Way(
        name="retell",
        send=lambda who, body: post(
            "/compat/retell/v2/create-phone-call", body, bearer(who)
        ),
        body=retell,
        words=retell_words,
        # Its declared errors for a launch have no 403 and no 404.
        statuses={
            **dict.fromkeys(("do_not_call", "country_not_allowed"), 400),
            **dict.fromkeys(("outside_calling_hours", "too_many_attempts"), 400),
            **dict.fromkeys(("agent_not_found", "agent_version_not_found"), 422),
            "no_phone_number": 422,
        },
        exempt={"insufficient_funds": NO_WALLET},
    ),
    Way(
        name="uponai",
        send=lambda who, body: post(
            "/compat/uponai/api/v1/calls/initiate", body, bearer(who)
        ),
        body=uponai,
        words=uponai_words,
        exempt={"insufficient_funds": NO_WALLET},
    ),
    Way(
        name="itellico",
        send=itellico_send,
        body=itellico,
        words=itellico_words,
        statuses=dict.fromkeys(ITELLICO_FIELDS, 422),
        exempt={
            "insufficient_funds": NO_WALLET,
            "invalid_sip_header": NO_SIP,
            "agent_version_not_found": NO_VERSION,
        },
    ),
    Way(
        name="klen",
        send=lambda who, body: post("/compat/klen/api/v1/calls", body, bearer(who)),
        body=klen,
        words=klen_words,
        exempt={
            "insufficient_funds": NO_WALLET,
            "invalid_sip_header": NO_SIP,
            "invalid_override": NO_OVERRIDES,
            "agent_version_not_found": NO_VERSION,
        },
    ),
    Way(
        name="zudu",
        send=zudu_send,
        body=zudu,
        words=zudu_words,
        exempt={
            "insufficient_funds": NO_WALLET,
            "invalid_sip_header": NO_SIP,
            "invalid_override": NO_OVERRIDES,
            "agent_version_not_found": NO_VERSION,
        },
    ),
)
WAYS = {way.name: way for way in (BUTTON, NATIVE, *COMPAT)}
