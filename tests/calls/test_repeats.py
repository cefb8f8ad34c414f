"""Fifty repeats of one launch at the same time, over HTTP: one call, dialled once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from calls.models.call import FINAL
from tests.calls.journey import House, Journey, Json, until

AT_ONCE = 50


@dataclass(frozen=True)
class Repeat:
    """A launch that has a key, and where its answer has the call's id.

    `first` and `again` are the statuses of the first answer and of every other.
    """

    path: str
    to_number: str
    body: Json
    key: Json
    id: tuple[str, ...] = ("id",)
    first: int = 201
    again: int = 201


def native(to_number: str, header: str = "", **more: Any) -> Repeat:
    """Return a launch by our own API."""
    body = {"to_number": to_number, "agent_id": "agent_repeat", **more}
    key = {"Idempotency-Key": header} if header else {}
    return Repeat("/api/v1/calls", to_number, body, key, again=200)


REPEATS = {
    "native-header": native("+14155550150", header="once"),
    "native-external_id": native("+16285550150", external_id="order-7"),
    "retell": Repeat(
        "/compat/retell/v2/create-phone-call",
        "+13105550150",
        {
            "from_number": "{from}",
            "to_number": "+13105550150",
            "override_agent_id": "agent_repeat",
            "idempotency_key": "once",
        },
        {},
        id=("call_id",),
    ),
    "itellico": Repeat(
        "/compat/itellico/v1/accounts/{workspace}/calls",
        "+12125550150",
        {
            "type": "phone",
            "from_number": "{from}",
            "to_number": "+12125550150",
            "agent_id": "agent_repeat",
            "external_id": "once",
        },
        {},
    ),
}


@pytest.fixture(scope="module")
def journey(house: House) -> Journey:
    """Return a workspace that is connected to another over HTTP."""
    facts = house.order("connect", "retell", "repeats", "agent_repeat")
    return Journey(house, "retell", facts)


@pytest.fixture(scope="module")
def answered(journey: Journey) -> dict[str, list[httpx.Response]]:
    """Send every launch; their calls then ring at the same time."""
    return {name: at_once(journey, repeat) for name, repeat in REPEATS.items()}


@pytest.mark.parametrize("name", sorted(REPEATS))
def test_fifty_at_once_are_one_call(
    journey: Journey, answered: dict[str, list[httpx.Response]], name: str
) -> None:
    repeat, answers = REPEATS[name], answered[name]
    statuses = Counter(answer.status_code for answer in answers)
    expected = Counter({repeat.first: 1})
    expected[repeat.again] += AT_ONCE - 1
    assert statuses == expected, {answer.text for answer in answers}
    assert len({answer.json()[repeat.id[0]] for answer in answers}) == 1
    (ours,) = until(lambda: over(journey, repeat.to_number))
    assert ours["end_reason"] == "busy"
    assert len(journey.placed(repeat.to_number)) == 1


def over(journey: Journey, to_number: str) -> list[Json]:
    """Return our calls to a number, when all are over."""
    calls = journey.ours("calls")["items"]
    found = [call for call in calls if call["to_number"] == to_number]
    return found if all(call["status"] in FINAL for call in found) else []


def at_once(journey: Journey, repeat: Repeat) -> list[httpx.Response]:
    """Send a launch so many times at the same moment, each on a line of its own."""
    origin = journey.house.client.base_url.join("/")
    number = journey.ours("numbers")["items"][0]["number"]
    filled = {"{from}": number}
    body = {name: filled.get(str(v), v) for name, v in repeat.body.items()}
    path = repeat.path.replace("{workspace}", journey.facts["workspace"])
    key = journey.facts["ours"]
    headers = {"Authorization": f"Bearer {key}", "X-API-Key": key, **repeat.key}
    together, tls = threading.Barrier(AT_ONCE), httpx.create_ssl_context()

    def send(_: int) -> httpx.Response:
        # To read the certificates fifty times takes seconds.
        client = httpx.Client(base_url=origin, headers=headers, timeout=60, verify=tls)
        with client:
            together.wait(30)
            return client.post(path, json=body)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(send, range(AT_ONCE)))
