"""A journey of one provider: two workspaces of a running Switchboard, and their calls.

Ours is connected over loopback HTTP to `/compat/<slug>` of another, the platform, whose
connection is the simulator.
"""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from agents.providers.base import Provider
from agents.providers.registry import PROVIDERS
from bench.arena import PYTHON, ROOT
from calls.models.call import FINAL
from tests.agents.providers.contract.stages import stage_of

Json = dict[str, Any]
# A person answers; the reply is lost and the call placed; lost and nothing placed;
# "busy" twice and then placed.
ANSWERED, FOUND, NEVER, BUSY = (f"+141555501{n}" for n in ("00", "56", "57", "58"))
PATIENCE = 90.0
# What the simulator's agents are told about the person they call.
NEEDED = {
    "first_name": "Jamie",
    "plan": "Pro",
    "renewal_date": "June 30",
    "appointment_time": "10:30",
    "company": "Acme",
}


class House:
    """A running Switchboard: its addresses, and its desk."""

    def __init__(self, client: httpx.Client, desk: "subprocess.Popen[str]") -> None:
        self.client, self.desk = client, desk

    def order(self, *words: str) -> Json:
        """Have something done at the desk."""
        assert self.desk.stdin and self.desk.stdout
        print(json.dumps(words), file=self.desk.stdin, flush=True)
        answer: Json = json.loads(self.desk.stdout.readline())
        return answer

    def ask(self, key: str, path: str, body: Json | None = None) -> Any:
        """Ask our API: post a body, or get."""
        method = "GET" if body is None else "POST"
        headers = {"Authorization": f"Bearer {key}"}
        answer = self.client.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()


@dataclass
class Journey:
    """One provider's two workspaces, and the calls on their way."""

    house: House
    slug: str
    facts: Json
    calls: dict[str, str] = field(default_factory=dict)
    seen: dict[str, list[str]] = field(default_factory=dict)

    @property
    def kind(self) -> type[Provider]:
        """The provider's facts."""
        return PROVIDERS[self.slug]

    def ours(self, path: str, body: Json | None = None) -> Any:
        """Ask our workspace."""
        return self.house.ask(self.facts["ours"], path, body)

    def theirs(self, path: str) -> Any:
        """Ask the platform's workspace."""
        return self.house.ask(self.facts["platform"], path)

    def launch(self, name: str, body: Json) -> None:
        """Launch a call that is watched under a name."""
        self.calls[name] = self.ours("calls", body)["id"]

    def look(self) -> bool:
        """Note where each call is; True when all are over but the one never placed."""
        now = {call["id"]: call["status"] for call in self.ours("calls")["items"]}
        waited = []
        for name, call_id in list(self.calls.items()):
            seen = self.seen.setdefault(name, [])
            if call_id in now and now[call_id] not in seen[-1:]:
                seen.append(now[call_id])
            if name != "never":
                waited += seen[-1:]
        return all(status in FINAL for status in waited)

    def call(self, name: str) -> Json:
        """Return a call of ours as it is now."""
        found: Json = self.ours(f"calls/{self.calls[name]}")
        return found

    def placed(self, to_number: str) -> list[Json]:
        """Return the platform's calls to a number."""
        calls = self.theirs("calls")["items"]
        found = [call for call in calls if call["to_number"] == to_number]
        return [self.theirs(f"calls/{call['id']}") for call in found]


def until(holds: Callable[[], Any]) -> Any:
    """Wait for something to hold, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)
    return found


def sit_down(env: dict[str, str]) -> "subprocess.Popen[str]":
    """Start the desk, in the same settings as the server."""
    code = "from tests.calls import desk; desk.serve()"
    return subprocess.Popen(
        [PYTHON, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=ROOT,
        env=env,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def watch(journeys: list[Journey], launched: threading.Event) -> None:
    """Look at all calls again and again, until all are over or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        are_all = launched.is_set()
        are_over = [journey.look() for journey in journeys]
        if are_all and all(are_over):
            return
        time.sleep(0.1)


def launch_all(journey: Journey) -> None:
    """Launch the calls of one journey."""
    for name, to_number in (("found", FOUND), ("never", NEVER), ("busy", BUSY)):
        journey.launch(name, plain_wish(journey, to_number))
    if journey.kind.has_web_calls:
        journey.launch("web", web_wish(journey))
    journey.launch("answered", full_wish(journey))


def caller(journey: Journey) -> tuple[str, str]:
    """Return a number of ours and the id of an agent that may call from it.

    At the platform it is carried by custom telephony, where nothing is forbidden.
    """
    there = journey.theirs("numbers")["items"]
    (custom,) = [n["number"] for n in there if n["carrier"] == "custom"]
    numbers = journey.ours("numbers")["items"]
    (number,) = [n for n in numbers if n["number"] == custom]
    agent = number["outbound_agent"] or journey.ours("agents")["items"][0]
    return custom, agent["id"]


def plain_wish(journey: Journey, to_number: str) -> Json:
    """Return a wish that says no more than it must."""
    number, agent_id = caller(journey)
    body: Json = {"to_number": to_number, "agent_id": agent_id}
    if not journey.kind.picks_caller:
        body["from_number"] = number
    return body | ({"variables": NEEDED} if journey.kind.has_variables else {})


def full_wish(journey: Journey) -> Json:
    """Return the wish of the contract's stage: everything the provider can be told."""
    kind, wish = journey.kind, stage_of(journey.slug).place.request
    plain = plain_wish(journey, ANSWERED)
    more: Json = {
        "metadata": dict(wish.metadata),
        "customer_name": wish.customer_name,
        "external_id": f"journey-{journey.slug}",
        "ignore_e164_validation": wish.ignore_e164_validation,
        "overrides": asdict(wish.overrides),
        "sip_headers": dict(wish.sip_headers),
        "trunk_name": wish.trunk_name,
    }
    if kind.has_variables:
        more["variables"] = {**wish.variables, **NEEDED}
    if kind.has_versions:
        more["agent_version"] = 1
    return plain | more


def web_wish(journey: Journey) -> Json:
    """Return the wish for a call in a browser."""
    body: Json = {"type": "web", "agent_id": caller(journey)[1]}
    return body | ({"variables": NEEDED} if journey.kind.has_variables else {})
