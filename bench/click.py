"""Part (b): how long from the "Call now" click to the request at the provider."""

import time
import uuid
from pathlib import Path
from typing import Any

import httpx
from django.test import Client

from bench import scene
from bench.arena import PYTHON, Figures, Programs, quietly
from bench.figures import spread

WARM_UP = 5
PAUSE = 0.05


def run(programs: Programs, folder: Path, *, count: int = 60) -> Figures:
    """Click, and post barely, by turns; return both and what lies between."""
    provider_port = programs.provider()
    here = scene.build(provider_port, cps=50)
    quietly([PYTHON, "manage.py", "collectstatic", "--no-input"], programs.env)
    if programs.env["REDIS_URL"]:
        programs.granian()
        programs.worker()
        programs.beat()
        scene.wait_for_workers(1)
    else:
        programs.embedded()
    person = Person(here, programs.port)
    with httpx.Client(base_url=here.connection.base_url) as provider:
        pairs = [(person.click(), bare(provider)) for _ in range(count + WARM_UP)]
        arrivals = wait_for(provider, 2 * len(pairs))
    clicks = [arrivals[key] - at for (key, at), _ in pairs[WARM_UP:]]
    plain = [arrivals[key] - at for _, (key, at) in pairs[WARM_UP:]]
    both = {"click": spread(clicks), "bare": spread(plain)}
    names = ("p50_ms", "p99_ms")
    above = {name: round(both["click"][name] - both["bare"][name], 2) for name in names}
    return {**both, "above_bare": above, "clicks": count}


class Person:
    """A sales manager who is logged in and has the call form open."""

    def __init__(self, here: scene.Scene, port: int) -> None:
        django = Client()
        django.force_login(here.user)
        cookies = {"sessionid": django.cookies["sessionid"].value}
        address = f"http://127.0.0.1:{port}"
        self.browser = httpx.Client(base_url=address, cookies=cookies, timeout=20)
        self.here = here
        page = self.browser.get("/calls/new/")
        if page.status_code != httpx.codes.OK:
            raise RuntimeError(f"/calls/new/ answered {page.status_code}.")

    def click(self) -> tuple[str, float]:
        """Send the form; return the call's id and when that began."""
        form = {
            "csrfmiddlewaretoken": self.browser.cookies["csrftoken"],
            "launch_key": str(uuid.uuid4()),
            "who": "+14155550100",
            "agent": str(self.here.agent.pk),
            "from_number": self.here.number.number,
            "var-first_name": "Jamie",
            "var-plan": "Fibre 500",
            "anyway": "on",
        }
        began = time.monotonic()
        answer = self.browser.post("/calls/new/", data=form)
        if answer.status_code != httpx.codes.FOUND:
            raise RuntimeError(f"The call form answered {answer.status_code}.")
        time.sleep(PAUSE)
        return answer.headers["location"].strip("/").rpartition("/")[2], began


def bare(provider: httpx.Client) -> tuple[str, float]:
    """Post a dial straight to the provider; return its reference and the time."""
    reference = str(uuid.uuid4())
    wish = {"idempotency_key": reference, "to_number": "+14155550100"}
    began = time.monotonic()
    provider.post("/v2/create-phone-call", json=wish)
    time.sleep(PAUSE)
    return reference, began


def wait_for(provider: httpx.Client, count: int) -> dict[str, float]:
    """Return when each dial arrived, once all have."""
    deadline = time.monotonic() + 20
    while True:
        arrivals: list[dict[str, Any]] = provider.get("/arrivals").json()
        if len(arrivals) >= count or time.monotonic() > deadline:
            return {one["reference"]: one["at"] for one in arrivals}
        time.sleep(0.2)
