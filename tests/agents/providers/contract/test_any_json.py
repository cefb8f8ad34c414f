"""Any JSON, wherever a provider may say it: read without an error, kept as it is."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.providers import http
from agents.providers.base import Account, CallUpdate, InboundCall, ProviderError
from agents.providers.registry import PROVIDERS
from tests.agents.providers.anything import any_json, randoms
from tests.agents.providers.contract import keeping
from tests.agents.providers.contract.playing import handle
from tests.agents.providers.contract.stage import DIALED_AT, NOW, Listed, Scene, Stage
from tests.agents.providers.contract.stages import SLUGS, stage_of

each_provider = pytest.mark.parametrize("slug", sorted(PROVIDERS))
each_stage = pytest.mark.parametrize("slug", SLUGS)


# --- Bending what is right -----------------------------------------------------------
def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a JSON value: what holds it, and its key or index."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(inner):
        yield value, key
        if isinstance(item, dict | list):
            yield from places(item)


def bent(random: Random, value: Any) -> Any:
    """Return JSON in which a few places hold anything, or nothing."""
    copy = deepcopy(value)
    if not isinstance(copy, dict | list):
        return any_json(random)
    for _ in range(random.randint(1, 4)):
        found = list(places(copy))
        if not found:
            break
        holder, key = random.choice(found)
        if random.randrange(6):
            holder[key] = any_json(random)
        else:
            del holder[key]
    return copy


def bent_answer(random: Random, answer: Any) -> httpx.Response:
    """Return an answer of a scene, of the same status, with odd JSON in it."""
    status, right = 200, answer
    if isinstance(answer, httpx.Response):
        status, right = answer.status_code, json.loads(answer.content or b"null")
    return httpx.Response(status, content=json.dumps(bent(random, right)).encode())


@contextmanager
def odd_network(random: Random, scene: Scene) -> Iterator[None]:
    """Answer as a scene says, with odd JSON; what is asked too often, with nothing."""
    answers: dict[str, list[httpx.Response]] = {}
    for what, given_answer in scene.items():
        listed = given_answer if isinstance(given_answer, list) else [given_answer]
        plain = [each for each in listed if not callable(each)]
        answers[what] = [bent_answer(random, each) for each in plain]

    def give(request: httpx.Request) -> httpx.Response:
        queue = answers.get(f"{request.method} {request.url.path}") or []
        answer = queue.pop(0) if queue else httpx.Response(404, json={})
        return httpx.Response(answer.status_code, content=answer.content)

    http.network.use(httpx.MockTransport(give))
    try:
        yield
    finally:
        http.network.use(None)


# --- Webhooks ------------------------------------------------------------------------
@each_provider
@given(random=randoms)
def test_any_json_as_a_webhook(slug: str, random: Random) -> None:
    value = any_json(random)
    provider = PROVIDERS[slug](Account("", {}))
    for update in provider.parse_webhook(value, NOW):
        keeping.check(update)
    check_ringing(provider.parse_inbound(value))


@each_stage
@given(random=randoms)
def test_webhooks_with_anything_in_them(slug: str, random: Random) -> None:
    stage = stage_of(slug)
    payloads = [event.payload for event in stage.events.values()]
    if stage.ringing:
        payloads.append(stage.ringing[0])
    payload = bent(random, random.choice(payloads))
    provider = stage.client(Account("", stage.credentials))
    for update in provider.parse_webhook(payload, NOW):
        assert update.provider_call_id or update.other_call_id
        keeping.check(update)
    check_ringing(provider.parse_inbound(payload))


@each_provider
@given(
    body=st.binary(max_size=40),
    value=st.text(max_size=80) | st.sampled_from(["v=1,d=" + "0" * 64, "sha256=", "9" * 400]),
)  # fmt: skip
def test_any_signature(slug: str, body: bytes, value: str) -> None:
    kind = PROVIDERS[slug]
    made_up = {each.name: each.default or "made-up-0123" for each in kind.settings}
    provider = kind(Account("", made_up))
    headers = dict.fromkeys(provider.signature_headers(), value)
    believed = provider.verify_webhook(headers, body, NOW)
    assert not (believed and provider.webhooks_are_signed)


def check_ringing(call: InboundCall | None) -> None:
    """Fail unless what is known of a ringing caller can be kept."""
    if call:
        keeping.check_value(call)


# --- Answers -------------------------------------------------------------------------
def asked(random: Random, stage: Stage, scene: Scene, ask: Callable[[Any], Any]) -> Any:
    """Ask in an odd network; a ProviderError is a good answer too: None."""
    provider = stage.client(Account(stage.base_url, stage.credentials))
    with odd_network(random, scene):
        try:
            return ask(provider)
        except ProviderError as error:
            keeping.check_value(error.message)
            return None


@each_stage
@given(random=randoms)
def test_a_call_with_anything_in_it(slug: str, random: Random) -> None:
    stage = stage_of(slug)
    scenes = [told.scene for told in stage.states.values()]
    scene = random.choice(scenes)
    whom = handle(stage, stage.call_id)
    update = asked(random, stage, scene, lambda p: p.fetch_call(whom))
    if update is not None:
        keeping.check(update)


@each_stage
@given(random=randoms)
def test_a_placed_call_with_anything_in_it(slug: str, random: Random) -> None:
    stage = stage_of(slug)
    wanted = [stage.place, stage.place_plain, stage.place_web]
    place = random.choice([each for each in wanted if each])
    # The dial first, so that its answer is the first to be bent.
    scene = {place.ask.what: place.scene[place.ask.what], **place.scene}
    update = asked(random, stage, scene, lambda p: p.place_call(place.request))
    if update is not None:
        assert update.provider_call_id or update.join
        keeping.check(update)


@each_stage
@given(random=randoms)
def test_lists_of_calls_with_anything_in_them(slug: str, random: Random) -> None:
    stage = stage_of(slug)
    page = asked(
        random, stage, stage.pages.scene, lambda p: p.list_calls(stage.pages.since)
    )
    for update in page.items if page else ():
        keeping.check(update)
    agent = stage.place_plain.request.agent_id
    scene = stage.listed([Listed(id="1", agent_id=agent, started_at=DIALED_AT)])
    found: CallUpdate | None = asked(
        random, stage, scene, lambda p: p.find_call(handle(stage))
    )
    if found:
        assert found.provider_call_id or found.other_call_id
        keeping.check(found)


@each_stage
@given(random=randoms)
def test_agents_and_numbers_with_anything_in_them(slug: str, random: Random) -> None:
    stage = stage_of(slug)
    agents = asked(random, stage, stage.agents[0], lambda p: list(p.list_agents()))
    for agent in agents or ():
        assert agent.agent_id
        keeping.check_value(agent)
    numbers = asked(random, stage, stage.numbers[0], lambda p: list(p.list_numbers()))
    for number in numbers or ():
        assert number.number
        keeping.check_value(number)
