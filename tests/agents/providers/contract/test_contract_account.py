"""The contract, as far as an account goes: agents, numbers, check, secrets."""

import httpx
import pytest

from agents.providers.base import (
    Account,
    BindingFacts,
    Provider,
    ProviderError,
    WishRefused,
)
from tests.agents.providers.conftest import Wire
from tests.agents.providers.contract.playing import (
    LOST,
    check_ask,
    everything,
    handle,
    play,
    secrets,
)
from tests.agents.providers.contract.stage import (
    FROM,
    Stage,
    reply,
)


# --- Agents and numbers --------------------------------------------------------------
def test_agents_are_listed(stage: Stage, provider: Provider, wire: Wire) -> None:
    scene, wanted = stage.agents
    play(wire, scene)
    assert tuple(provider.list_agents()) == wanted
    assert wanted


def test_numbers_are_listed(stage: Stage, provider: Provider, wire: Wire) -> None:
    scene, wanted = stage.numbers
    play(wire, scene)
    assert tuple(provider.list_numbers()) == wanted
    assert wanted


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_agents_are_bound_where_that_can_be(
    stage: Stage, provider: Provider, wire: Wire, direction: str
) -> None:
    can = getattr(provider, f"can_bind_{direction}")
    binds = [bind for bind in stage.binds if bind.direction == direction]
    assert bool(binds) == can
    for bind in binds:
        play(wire, bind.scene)
        provider.bind(bind.number, direction, bind.binding)
        check_ask(stage, wire.asked[-1], bind.ask)
    if not can:
        with pytest.raises(WishRefused):
            provider.bind(FROM, direction, BindingFacts("agent_x"))
        assert not wire.asked


def test_a_call_is_hung_up_where_that_can_be(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    assert (stage.hang_up is not None) == provider.can_hang_up
    if stage.hang_up is None:
        with pytest.raises(WishRefused):
            provider.hang_up(handle(stage, stage.call_id))
        assert not wire.asked
        return
    play(wire, stage.hang_up.scene)
    provider.hang_up(handle(stage, stage.call_id))
    check_ask(stage, wire.asked[-1], stage.hang_up.ask)


# --- Check, secrets ------------------------------------------------------------------
@pytest.mark.parametrize(
    "how", ["wrong key", "forbidden", "unreachable", *("500", "not JSON", "an array")]
)
def test_a_check_that_fails_says_so_in_words(
    wire: Wire, provider: Provider, how: str
) -> None:
    own = {
        "wrong key": reply(401, {"message": "no"}),
        "forbidden": reply(403, {"message": "no"}),
        "unreachable": httpx.ConnectError("refused"),
    }
    everything(own.get(how) or LOST[how])
    checks = provider.check()
    assert any(not check.is_ok for check in checks)
    for check in checks:
        assert check.name
        assert len(check.message.split()) > 2


def test_the_stage_sets_every_setting(stage: Stage) -> None:
    assert set(stage.credentials) == {s.name for s in stage.client.settings}
    assert all(len(value) >= 12 for value in secrets(stage).values())


@pytest.mark.parametrize("status", [200, 400, 401, 402, 403, 404, 422, 429, 500])
def test_a_secret_is_never_in_an_errors_words(
    stage: Stage, provider: Provider, wire: Wire, status: int
) -> None:
    quoted = " and ".join(sent_secrets(stage, wire, provider))
    assert quoted
    said = {"message": f"Key {quoted} is odd.", "error": f"Key {quoted} is odd."}
    play(wire, stage.place.scene, {stage.place.ask.what: reply(status, said)})
    with pytest.raises(ProviderError) as caught:
        provider.place_call(stage.place.request)
    everything(reply(status, said))
    checks = provider.check()
    words = [str(caught.value), repr(caught.value), *(c.message for c in checks)]
    for secret in secrets(stage).values():
        assert secret not in " ".join(words)


def sent_secrets(stage: Stage, wire: Wire, provider: Provider) -> list[str]:
    """Return the secrets that go out with a dial, and so could be quoted to us."""
    play(wire, stage.place.scene)
    provider.place_call(stage.place.request)
    sent = " ".join(wire.asked[-1].headers.values())
    return [secret for secret in secrets(stage).values() if secret in sent]


def test_a_key_never_goes_to_a_foreign_host(stage: Stage, provider: Provider) -> None:
    url = "https://elsewhere.example/recording.mp3"
    asked, headers = provider.recording(url)
    assert asked == url
    for secret in secrets(stage).values():
        assert secret not in " ".join([asked, *headers.values()])


def test_account_and_errors_do_not_show_secrets_when_printed(stage: Stage) -> None:
    account = Account(stage.base_url, stage.credentials)
    for secret in secrets(stage).values():
        assert secret not in repr(account)
