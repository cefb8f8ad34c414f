"""How the contract's tests play a stage: put the network, ask, compare."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx

from agents.providers import http
from agents.providers.base import CallHandle, CallUpdate, Provider
from tests.agents.providers.conftest import Wire
from tests.agents.providers.contract import keeping
from tests.agents.providers.contract.stage import (
    DIALED_AT,
    NOW,
    Ask,
    Listed,
    Place,
    Scene,
    Stage,
    reply,
)

# Answers from which nobody can tell whether the request was acted on.
LOST: dict[str, Any] = {
    "no answer in time": httpx.ReadTimeout("slow"),
    "the wish went out slowly": httpx.WriteTimeout("slow"),
    "broken off": httpx.RemoteProtocolError("closed"),
    "broken while reading": httpx.ReadError("reset"),
    "408": reply(408, {}),
    "500": reply(500, {}),
    "502 in HTML": httpx.Response(502, text="<html>Bad gateway</html>"),
    "503": reply(503, {}),
    "504": reply(504),
    "not JSON": httpx.Response(200, text="<html>Welcome</html>"),
    "nothing": httpx.Response(200),
    "an empty object": reply(200, {}),
    "an array": reply(201, []),
    "a word": reply(201, "ok"),
}


def play(wire: Wire, *scenes: Scene) -> None:
    """Let the network answer as the scenes say; later ones go before."""
    for scene in scenes:
        for what, answer in scene.items():
            answers = answer if isinstance(answer, list) else [answer]
            wire.on(what, *answers)


def check_ask(stage: Stage, request: httpx.Request, ask: Ask) -> None:
    """Compare a request with what must go out, exactly."""
    path, _, query = request.url.raw_path.decode().partition("?")
    assert (request.method, path) == (ask.method, ask.path)
    assert dict(httpx.QueryParams(query)) == dict(ask.params)
    body = json.loads(request.content) if request.content else None
    assert body == ask.body
    check_types(body, ask.body)
    for name, value in {**stage.headers, **ask.headers}.items():
        assert request.headers.get(name) == value, name


def check_types(found: Any, wanted: Any) -> None:
    """Compare types in depth: 1, 1.0 and true are equal, and not the same on the wire."""
    assert type(found) is type(wanted), (found, wanted)
    pairs: list[tuple[Any, Any]] = []
    if isinstance(wanted, dict):
        pairs = [(found[key], wanted[key]) for key in wanted]
    elif isinstance(wanted, list):
        pairs = list(zip(found, wanted, strict=True))
    for one, other in pairs:
        check_types(one, other)


def check_told(found: Any, told: Mapping[str, Any]) -> None:
    """Compare the named fields of what was learned."""
    assert found is not None
    seen = {name: getattr(found, name) for name in told}
    assert seen == dict(told)
    if isinstance(found, CallUpdate):
        keeping.check(found)


def dials(wire: Wire) -> list[httpx.Request]:
    """Return the requests that may make a phone ring: all that only read left out."""
    return [r for r in wire.asked if r.method not in ("GET", "HEAD")]


def check_place(stage: Stage, provider: Provider, wire: Wire, place: Place) -> None:
    """Place a call and compare what went out and what was learned."""
    play(wire, place.scene)
    found = provider.place_call(place.request)
    (dial,) = dials(wire)
    check_ask(stage, dial, place.ask)
    assert found.provider_call_id
    check_told(found, place.told)


def handle(stage: Stage, call_id: str = "", *taken: str) -> CallHandle:
    """Return the handle of the plain wish after it was dialled."""
    request = stage.place_plain.request
    return CallHandle(request, call_id, DIALED_AT, taken=frozenset(taken))


def fetch(stage: Stage, provider: Provider, wire: Wire, scene: Scene) -> Any:
    """Fetch the call of the stage in a scene."""
    play(wire, scene)
    return provider.fetch_call(handle(stage, stage.call_id))


def find(
    stage: Stage, provider: Provider, wire: Wire, *calls: Listed, taken: str = ""
) -> CallUpdate | None:
    """Look for the unclear dial while the provider's list holds `calls`."""
    agent = stage.place_plain.request.agent_id
    whole = [replace(call, agent_id=call.agent_id or agent) for call in calls]
    play(wire, stage.listed(whole))
    return provider.find_call(handle(stage, "", *filter(None, [taken])))


def read_webhook(provider: Provider, payload: Any) -> list[CallUpdate]:
    """Parse a webhook as it would come from the network."""
    return provider.parse_webhook(json.loads(json.dumps(payload)), NOW)


def everything(answer: Any) -> None:
    """Answer whatever is asked with one and the same."""

    def give(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, httpx.Response)
        return httpx.Response(answer.status_code, content=answer.content)

    http.network.use(httpx.MockTransport(give))


def secrets(stage: Stage) -> dict[str, str]:
    """Return the credentials that are secret."""
    hidden = {s.name for s in stage.client.settings if s.is_secret}
    return {n: v for n, v in stage.credentials.items() if n in hidden}
