"""The contract, as far as webhooks go: events, signatures, inbound calls."""

import json
from datetime import datetime, timedelta

from agents.providers.base import (
    Account,
    Provider,
)
from tests.agents.providers.conftest import Wire
from tests.agents.providers.contract.playing import (
    check_told,
    fetch,
    read_webhook,
    secrets,
)
from tests.agents.providers.contract.stage import (
    NOW,
    Event,
    Stage,
    Told,
)

SECONDS = timedelta(seconds=1)


# --- Webhooks ------------------------------------------------------------------------
def test_each_event_gives_its_update(stage: Stage, provider: Provider) -> None:
    assert stage.events
    for name, event in stage.events.items():
        found = read_webhook(provider, event.payload)
        assert len(found) == len(event.told), name
        for update, told in zip(found, event.told, strict=True):
            assert update.provider_call_id or update.other_call_id, name
            check_told(update, told)


def test_a_duplicate_says_the_same(stage: Stage, provider: Provider) -> None:
    for name, event in stage.events.items():
        once = read_webhook(provider, event.payload)
        assert once == read_webhook(provider, event.payload), name


def test_an_event_with_more_in_it_says_the_same(
    stage: Stage, provider: Provider
) -> None:
    for name, event in stage.events.items():
        more = {**event.payload, "added_next_year": {"call_id": ["x", None]}}
        once = read_webhook(provider, event.payload)
        assert once == read_webhook(provider, more), name


def test_an_unknown_event_says_nothing(stage: Stage, provider: Provider) -> None:
    assert read_webhook(provider, stage.unknown_event) == []


def test_an_inbound_call_says_who_called(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    told = stage.inbound_call
    if isinstance(told, Event):
        (update,) = read_webhook(provider, told.payload)
        (expected,) = told.told
    else:
        assert isinstance(told, Told)
        update, expected = fetch(stage, provider, wire, told.scene), told.told
    check_told(update, expected)
    assert update.direction == "inbound"
    assert {"from_number", "agent_id"} <= set(expected)


def test_a_ringing_caller_is_understood_and_answered(
    stage: Stage, provider: Provider
) -> None:
    assert (stage.ringing is not None) == bool(provider.inbound_marker)
    if stage.ringing is None:
        assert provider.parse_inbound({"event": "call_inbound"}) is None
        return
    payload, call, answer = stage.ringing
    assert provider.inbound_marker in json.dumps(payload).encode()
    assert provider.parse_inbound(payload) == call
    assert provider.answer_inbound("agent_x", {"name": "Jamie"}) == answer
    assert read_webhook(provider, payload) == []


# --- Signatures ----------------------------------------------------------------------
BODY = b'{"made": "up \xe2\x98\x8e"}'


def test_the_facts_say_whether_webhooks_are_signed(
    stage: Stage, provider: Provider
) -> None:
    assert (stage.sign is not None) == provider.webhooks_are_signed
    if stage.sign is None:
        assert provider.webhooks_are_hints
        assert provider.verify_webhook({}, BODY, NOW)


def signed(stage: Stage, at: datetime = NOW) -> dict[str, str]:
    """Return the headers of a webhook signed at a time; none where nothing is."""
    headers = stage.sign(BODY, at) if stage.sign else {}
    return {name.lower(): value for name, value in headers.items()}


def test_a_right_signature_is_believed(stage: Stage, provider: Provider) -> None:
    headers = signed(stage)
    assert provider.verify_webhook(headers, BODY, NOW)
    assert set(headers) <= set(provider.signature_headers())


def test_a_wrong_signature_is_refused(stage: Stage, provider: Provider) -> None:
    headers = signed(stage)
    if not headers:
        return
    assert not provider.verify_webhook(headers, BODY + b" ", NOW)
    assert not provider.verify_webhook({}, BODY, NOW)
    for name, value in headers.items():
        without = {n: v for n, v in headers.items() if n != name}
        assert not provider.verify_webhook(without, BODY, NOW), name
        for odd in ("", "é☃", value + "0", "0" * len(value), value[:-1]):
            wrong = headers | {name: odd}
            assert not provider.verify_webhook(wrong, BODY, NOW), (name, odd)


def test_another_key_signs_another_signature(stage: Stage) -> None:
    if stage.sign is None:
        return
    others = {name: f"{value}x" for name, value in secrets(stage).items()}
    account = Account(stage.base_url, {**stage.credentials, **others})
    assert not stage.client(account).verify_webhook(signed(stage), BODY, NOW)


def test_an_old_signature_is_refused(stage: Stage, provider: Provider) -> None:
    if stage.sign is None or not stage.signature_ages:
        return
    for seconds, is_fresh in ((290, True), (-290, True), (310, False), (-310, False)):
        headers = signed(stage, NOW - seconds * SECONDS)
        assert provider.verify_webhook(headers, BODY, NOW) is is_fresh, seconds


def test_what_is_believed_without_a_key_is_only_a_hint(stage: Stage) -> None:
    keyless = stage.client(Account(stage.base_url, {}))
    if keyless.verify_webhook({}, BODY, NOW):
        assert keyless.webhooks_are_hints
