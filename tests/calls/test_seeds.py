"""The requests that started the project, each sent as it is printed.

Each answers as is printed beside it, and leads to one call at a provider of another make.
`seeds/<slug>/request.http` has the bytes; what stands there for the reader to fill in
(`<token>`, `<string>`, `{account_id}`) is filled in.

Zudu's request names no number, only a customer in its metadata: the client's key says so
(`callee_field`), and a contact has that customer id.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.providers.registry import PROVIDERS
from calls.models.call import FINAL
from tests.calls.journey import House, Journey, Json, until

SEEDS = Path(__file__).parent / "seeds"
# Through whom it goes out, the id of the agent that is named, and who is called.
THROUGH = {
    "uponai": ("itellico", "agent_01hzexample", "+14155550199"),
    "retell": ("uponai", "agent_01hzexample", "+14155550199"),
    "klen": ("retell", "assistant_12345", "+15551234567"),
    "itellico": ("zudu", "agent_seed", "+14155550100"),
    "zudu": ("klen", "agent-123", "+14155550100"),
}
# What a phone call that has just been launched cannot have yet.
NOT_YET = {
    "uponai": {"accessToken", "expiresAt", "webCallUrl"},
    "itellico": {"join", "started_at", "ended_at", "duration_seconds"},
}


@pytest.fixture(scope="module")
def sent(house: House) -> dict[str, tuple[Journey, httpx.Response]]:
    """Send each seed's request; their calls then ring at the same time."""
    found = {}
    for slug in sorted(THROUGH):
        seed = moved_in(house, slug)
        request = (SEEDS / slug / "request.http").read_bytes()
        found[slug] = (seed, send(seed, request))
    return found


@pytest.fixture(params=sorted(THROUGH))
def seed(
    request: pytest.FixtureRequest, sent: dict[str, tuple[Journey, httpx.Response]]
) -> Journey:
    """Return a workspace whose agent lives at a provider of another make."""
    return sent[request.param][0]


@pytest.fixture
def answer(
    seed: Journey, sent: dict[str, tuple[Journey, httpx.Response]]
) -> httpx.Response:
    """Return what the seed's request was answered."""
    return sent[seed.slug][1]


def moved_in(house: House, slug: str) -> Journey:
    """Make a workspace whose agent lives at a provider of another make."""
    other, agent_id, _ = THROUGH[slug]
    facts = house.order("connect", other, f"seed-{slug}", agent_id)
    seed = Journey(house, slug, facts)
    customer = {"number": callee(seed), "attributes": {"customer_id": "cust-001"}}
    seed.ours("contacts", customer)
    return seed


def send(seed: Journey, written: bytes) -> httpx.Response:
    """Send a request as it is written, but for what is to be filled in."""
    head, _, body = written.decode().partition("\n\n")
    line, *rest = head.splitlines()
    method, path, _ = line.split(" ")
    headers = dict(one.split(": ", 1) for one in rest)
    filled = {
        "Authorization": f"Bearer {seed.facts['ours']}",
        "X-API-Key": seed.facts["ours"],
        "X-API-KEY": seed.facts["ours"],
        "X-API-SECRET": seed.facts["secret"],
    }
    headers = {name: filled.get(name, value) for name, value in headers.items()}
    path = path.replace("{account_id}", seed.facts["workspace"])
    address = str(seed.house.client.base_url.join(f"/compat/{seed.slug}{path}"))
    content = fill_in(seed, body).encode()
    return httpx.request(method, address, content=content, headers=headers, timeout=20)


def fill_in(seed: Journey, body: str) -> str:
    """Put a number and an agent of ours where the page has `<string>` for them."""
    number, agent_id = caller(seed)
    known = {"from_number": number, "agent_id": agent_id, "to_number": callee(seed)}
    for name, value in known.items():
        body = body.replace(f'"{name}": "<string>"', f'"{name}": "{value}"')
    return body


def caller(seed: Journey) -> tuple[str, str]:
    """Return a number of ours, and the agent that the platform has hired."""
    agents = {row["name"]: row["id"] for row in seed.ours("agents")["items"]}
    numbers = seed.ours("numbers")["items"]
    bound = [n for n in numbers if (n["outbound_agent"] or {}).get("name") == "Hired"]
    return (bound or numbers)[0]["number"], agents["Hired"]


def callee(seed: Journey) -> str:
    """Return who is called."""
    return THROUGH[seed.slug][2]


# --- The answer ----------------------------------------------------------------------
def test_the_answer_is_as_printed(seed: Journey, answer: httpx.Response) -> None:
    assert answer.status_code == 201, answer.text
    printed = json.loads((SEEDS / seed.slug / "answer.json").read_text())
    assert (
        list(differences(answer.json(), printed, NOT_YET.get(seed.slug, set()))) == []
    )


def differences(
    shown: Any, printed: Any, not_yet: set[str], where: str = ""
) -> Iterator[str]:
    """Yield where an answer has other names or other kinds of values."""
    if isinstance(printed, dict) and isinstance(shown, dict):
        # What the client made up comes back as it was sent.
        is_free = not printed or where.endswith(("metadata", "variables"))
        if not is_free and set(shown) != set(printed):
            yield f"{where}: {sorted(set(shown) ^ set(printed))}"
        for name in set(shown) & set(printed):
            yield from differences(
                shown[name], printed[name], not_yet, f"{where}.{name}"
            )
    elif isinstance(printed, list) and isinstance(shown, list):
        for one in shown if printed else []:
            yield from differences(one, printed[0], not_yet, f"{where}[]")
    elif printed is None or (shown is None and where.rpartition(".")[2] in not_yet):
        return
    elif kind(shown) != kind(printed):
        yield f"{where}: {shown!r} for {printed!r}"


def kind(value: Any) -> str:
    """Name the kind of a JSON value."""
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


# --- The call ------------------------------------------------------------------------
def test_it_leads_to_one_call_at_another_make(
    seed: Journey, answer: httpx.Response
) -> None:
    assert answer.status_code == 201
    call = until(lambda: over(seed))
    assert call["status"] == "ended", call["note"]
    assert call["provider"] == THROUGH[seed.slug][0] != seed.slug
    (theirs,) = seed.placed(callee(seed))
    assert theirs["agent"]["name"] == "Hired"


def over(seed: Journey) -> Json | None:
    """Return our one phone call, when it is over."""
    calls = seed.ours("calls")["items"]
    (call,) = [call for call in calls if call["type"] == "phone"]
    return call if call["status"] in FINAL else None


# --- Calls in a browser --------------------------------------------------------------
WEB: dict[str, tuple[str, Json]] = {
    "retell": ("v3/create-web-call", {"agent_id": "agent_01hzexample"}),
    "uponai": ("api/v2/calls/web", {"agentId": "agent_01hzexample"}),
    "itellico": ("v1/accounts/{account_id}/calls", {"type": "web"}),
    "zudu": ("api/calls/create-web-call", {"agent_id": "agent-123"}),
}


def test_a_web_call_gives_a_token_where_the_provider_does(seed: Journey) -> None:
    if seed.slug not in WEB:
        pytest.skip("there are no web calls in this dialect")
    path, body = WEB[seed.slug]
    if seed.slug == "itellico":
        body = body | {"agent_id": caller(seed)[1]}
    head = f"POST /{path} HTTP/1.1\nAuthorization: b\nX-API-Key: k\nX-API-SECRET: s\n"
    told = send(
        seed, f"{head}Content-Type: application/json\n\n{json.dumps(body)}".encode()
    )
    other = PROVIDERS[THROUGH[seed.slug][0]]
    if not other.has_web_calls:
        assert told.status_code == 400
        assert other.label in told.text
        return
    assert told.status_code == 201, told.text
    assert list(tokens(told.json()))


def tokens(value: Any) -> Iterator[str]:
    """Yield every token of an answer, wherever it stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("access_token", "accessToken", "token") and inner:
                yield inner
            yield from tokens(inner)
