"""No parameter of a dialect is dropped, whichever provider the call goes out through.

Each is told to the provider, or kept with the call, or refused in the dialect's words.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from agents.providers import http
from agents.providers.base import ProviderUnclear
from agents.providers.registry import DIALECTS, PROVIDERS
from calls.dispatch import load, request_of
from calls.models import Call
from dashboard.models import Member, Workspace
from tests.calls.ways import AGENT, FROM, WAYS, WISH, Asker, asker
from tests.factories import make_agent, make_connection, make_number

pytestmark = pytest.mark.django_db
Json = dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a dialect's launch, and where our call keeps it.

    `sent` is laid over a plain launch; `kept` picks what must be equal to `value`.
    """

    dialect: str
    name: str
    sent: Json
    kept: Callable[[Call], Any]
    value: Any


def raw(*path: str) -> Callable[[Call], Any]:
    """Return what picks a part of the words that are the dialect's own."""

    def pick(call: Call) -> Any:
        found: Any = call.overrides["raw"]
        for name in path:
            found = found[name]
        return found

    return pick


def override(name: str) -> Callable[[Call], Any]:
    """Return what picks an override that we have a word for."""
    return lambda call: call.overrides[name]


def version(call: Call) -> Any:
    """Return the version that went out, or the one kept in the evidence."""
    kept = [row for row in call.evidence if row["looked_at"] == "agent_version"]
    return 1 if kept else call.agent_version


VARIABLES, SIP = {"plan": "gold"}, {"X-Case": "7"}
PARAMETERS = (
    # --- UponAI
    Parameter(
        "uponai", "trunkName", {"trunkName": "Main"}, lambda c: c.trunk_name, "Main"
    ),
    Parameter(
        "uponai",
        "customerName",
        {"customerName": "Jo"},
        lambda c: c.customer_name,
        "Jo",
    ),
    Parameter(
        "uponai",
        "ignoreE164Validation",
        {"ignoreE164Validation": True, "fromNumber": "334"},
        lambda c: c.ignore_e164_validation,
        True,
    ),
    Parameter(
        "uponai", "overrideAgentVersion", {"overrideAgentVersion": 1}, version, 1
    ),
    Parameter(
        "uponai",
        "customSipHeaders",
        {"customSipHeaders": SIP},
        lambda c: c.sip_headers,
        SIP,
    ),
    Parameter(
        "uponai", "metadata", {"metadata": {"a": 1}}, lambda c: c.metadata, {"a": 1}
    ),
    Parameter(
        "uponai",
        "uponai_dynamic_variables",
        {"uponai_dynamic_variables": VARIABLES},
        lambda c: c.variables,
        VARIABLES,
    ),
    Parameter(
        "uponai",
        "agentOverride.agent.voiceId",
        {"agentOverride": {"agent": {"voiceId": "v"}}},
        override("voice"),
        "v",
    ),
    Parameter(
        "uponai",
        "agentOverride.agent.maxCallDurationMs",
        {"agentOverride": {"agent": {"maxCallDurationMs": 900_000}}},
        override("max_duration_ms"),
        900_000,
    ),
    Parameter(
        "uponai",
        "agentOverride.llm.model",
        {"agentOverride": {"llm": {"model": "m"}}},
        override("model"),
        "m",
    ),
    Parameter(
        "uponai",
        "agentOverride.llm.beginMessage",
        {"agentOverride": {"llm": {"beginMessage": "Hi"}}},
        override("opening_line"),
        "Hi",
    ),
    Parameter(
        "uponai",
        "agentOverride.agent (more)",
        {"agentOverride": {"agent": {"ambientSound": "cafe"}}},
        raw("agent", "ambientSound"),
        "cafe",
    ),
    # --- Retell
    Parameter(
        "retell", "override_agent_version", {"override_agent_version": 1}, version, 1
    ),
    Parameter(
        "retell",
        "custom_sip_headers",
        {"custom_sip_headers": SIP},
        lambda c: c.sip_headers,
        SIP,
    ),
    Parameter(
        "retell", "metadata", {"metadata": {"a": 1}}, lambda c: c.metadata, {"a": 1}
    ),
    Parameter(
        "retell",
        "retell_llm_dynamic_variables",
        {"retell_llm_dynamic_variables": VARIABLES},
        lambda c: c.variables,
        VARIABLES,
    ),
    Parameter(
        "retell",
        "ignore_e164_validation",
        {"ignore_e164_validation": True, "from_number": "334"},
        lambda c: c.ignore_e164_validation,
        True,
    ),
    Parameter(
        "retell",
        "idempotency_key",
        {"idempotency_key": "k"},
        lambda c: c.launch_key,
        "retell:k",
    ),
    Parameter(
        "retell",
        "agent_override.agent.voice_id",
        {"agent_override": {"agent": {"voice_id": "v"}}},
        override("voice"),
        "v",
    ),
    Parameter(
        "retell",
        "agent_override.agent.max_call_duration_ms",
        {"agent_override": {"agent": {"max_call_duration_ms": 900_000}}},
        override("max_duration_ms"),
        900_000,
    ),
    Parameter(
        "retell",
        "agent_override.retell_llm.model",
        {"agent_override": {"retell_llm": {"model": "m"}}},
        override("model"),
        "m",
    ),
    Parameter(
        "retell",
        "agent_override.retell_llm.begin_message",
        {"agent_override": {"retell_llm": {"begin_message": "Hi"}}},
        override("opening_line"),
        "Hi",
    ),
    Parameter(
        "retell",
        "agent_override.conversation_flow",
        {"agent_override": {"conversation_flow": {"start_speaker": "user"}}},
        raw("conversation_flow", "start_speaker"),
        "user",
    ),
    # --- itellico
    *(
        Parameter("itellico", name, {name: value}, raw(name), value)
        for name, value in (
            ("medium", "WEB"),
            ("device_fingerprint", "f"),
            ("initial_text", "Hello"),
            ("audio_input_enabled", True),
            ("audio_output_enabled", False),
            ("skip_greeting_on_initial_text", True),
        )
    ),
    Parameter(
        "itellico", "external_id", {"external_id": "e"}, lambda c: c.external_id, "e"
    ),
    Parameter(
        "itellico",
        "test_variables",
        {"test_variables": VARIABLES},
        lambda c: c.variables,
        VARIABLES,
    ),
    Parameter(
        "itellico",
        "overrides.agent.initial_message",
        {"overrides": {"agent": {"initial_message": {"message": "Hi"}}}},
        override("opening_line"),
        "Hi",
    ),
    Parameter(
        "itellico",
        "overrides.agent.max_duration_seconds",
        {"overrides": {"agent": {"max_duration_seconds": 900}}},
        override("max_duration_ms"),
        900_000,
    ),
    Parameter(
        "itellico",
        "overrides.agent.voice",
        {"overrides": {"agent": {"voice": {"voice_id": "v"}}}},
        raw("overrides", "agent", "voice", "voice_id"),
        "v",
    ),
    Parameter(
        "itellico",
        "overrides.amd_mode",
        {"overrides": {"amd_mode": "ml"}},
        raw("overrides", "amd_mode"),
        "ml",
    ),
    # --- Klen
    Parameter("klen", "contact_id", {"contact_id": 321}, raw("contact_id"), 321),
    Parameter(
        "klen", "variables", {"variables": VARIABLES}, lambda c: c.variables, VARIABLES
    ),
    # --- Zudu
    Parameter(
        "zudu", "metadata", {"metadata": {"a": 1}}, lambda c: c.metadata, {"a": 1}
    ),
    Parameter(
        "zudu",
        "dynamic_variables",
        {"dynamic_variables": VARIABLES},
        lambda c: c.variables,
        VARIABLES,
    ),
)
PAIRS = [
    pytest.param(each, provider, id=f"{each.dialect}-{each.name}-{provider}")
    for each in PARAMETERS
    for provider in sorted(PROVIDERS)
    if provider != each.dialect
]


@pytest.fixture
def who(workspace: Workspace, admin: Member) -> Asker:
    """Return somebody with a key."""
    return asker(workspace, admin)


@pytest.fixture
def wires() -> Iterator[list[httpx.Request]]:
    """Put a provider in the place of the network that says nothing of use."""
    came: list[httpx.Request] = []

    def silent(request: httpx.Request) -> httpx.Response:
        came.append(request)
        return httpx.Response(500)

    http.network.use(httpx.MockTransport(silent))
    yield came
    http.network.use(None)


def connected(workspace: Workspace, provider: str) -> None:
    """Connect the workspace to a provider; its agent calls out from its number."""
    known = {row.name: "1" for row in PROVIDERS[provider].settings}
    urls: Mapping[str, str] = {"base_url": "https://provider.example"}
    fields: Json = {"provider": provider, "credentials": known, **urls}
    connection = make_connection(workspace, **fields)
    agent = make_agent(connection, versions=2, provider_agent_id=AGENT)
    number = make_number(connection, number=FROM, carrier="custom")
    number.bindings.create(direction="outbound", agent=agent)
    number.bindings.create(direction="inbound", agent=agent)


@pytest.mark.parametrize(("parameter", "provider"), PAIRS)
def test_a_parameter_is_told_or_kept_or_refused(
    who: Asker,
    workspace: Workspace,
    wires: list[httpx.Request],
    parameter: Parameter,
    provider: str,
) -> None:
    connected(workspace, provider)
    way = WAYS[parameter.dialect]
    answer = way.send(who, way.body(WISH) | parameter.sent)
    if answer.status_code >= 400:
        assert answer.status_code < 500
        assert PROVIDERS[provider].label in json.dumps(
            answer.json(), ensure_ascii=False
        )
        return
    call = workspace.calls.get()
    assert parameter.kept(call) == parameter.value
    # What is kept here is not sent, and so does not break the dial either.
    loaded = load(call.pk)
    if not loaded.connection.kind.plays_itself:
        with pytest.raises(ProviderUnclear):
            loaded.connection.client().place_call(request_of(loaded))
        assert len(wires) == 1


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_all_of_a_launch_that_only_carries_it_goes_out_through_anybody(
    who: Asker, workspace: Workspace, provider: str
) -> None:
    connected(workspace, provider)
    way = WAYS["uponai"]
    more = {"trunkName": "Main", "customSipHeaders": SIP, "overrideAgentVersion": 1}
    voiced = {"agentOverride": {"agent": {"voiceId": "v"}, "llm": {"model": "m"}}}
    odd = {"ignoreE164Validation": True, "fromNumber": "334"}
    answer = way.send(who, way.body(WISH) | more | voiced | odd)
    assert answer.status_code == 201, answer.content
    call = workspace.calls.get()
    lacks = {
        "trunk_name": "has_trunks",
        "sip_headers": "has_sip_headers",
        "agent_version": "has_versions",
    }
    kept = {row["looked_at"] for row in call.evidence if row["check"] == "kept here"}
    kind = PROVIDERS[provider]
    assert kept & set(lacks) == {
        name for name, fact in lacks.items() if not getattr(kind, fact)
    }


def test_our_own_api_refuses_what_a_provider_lacks(
    who: Asker, workspace: Workspace
) -> None:
    connected(workspace, "itellico")
    answer = WAYS["native"].launch(who, sip_headers=SIP)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_sip_header")


def test_every_dialect_is_in_the_table() -> None:
    assert {each.dialect for each in PARAMETERS} == set(DIALECTS)
