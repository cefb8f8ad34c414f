"""Retell's SDK for Node as a client of `/compat/retell`, beside the one for Python."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from agents.providers.badge import sign
from calls.models.call import FINAL
from tests.calls.journey import House, Json, until

pytestmark = pytest.mark.skipif(
    not (shutil.which("npm") and shutil.which("node")),
    reason="npm is not installed here: the SDK for Node cannot be tried",
)
NODE = Path(__file__).parent / "node"
FILES = ("package.json", "package-lock.json", ".npmrc", "client.mjs")
# A call of ten minutes, until somebody hangs up.
LONG = "+14155550162"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the locked SDK into a folder of its own."""
    folder = tmp_path_factory.mktemp("node")
    for name in FILES:
        shutil.copy(NODE / name, folder)
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts"],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def settled(house: House) -> Json:
    """Return the key of a workspace of the simulator."""
    return house.order("settle", "node")


@pytest.fixture(scope="module")
def told(house: House, home: Path, settled: Json) -> Json:
    """Let the SDK go its rounds; return what came of them."""
    body = '{"event":"call_ended","call":{"call_id":"call_1"}}'
    number = house.ask(settled["key"], "numbers")["items"][0]["number"]
    agent = house.ask(settled["key"], "agents")["items"][0]
    now_ms = int(time.time() * 1000)
    asked = {
        "address": str(house.client.base_url.join("/compat/retell")),
        "key": settled["key"],
        "wish": {
            "from_number": number,
            "to_number": LONG,
            "override_agent_id": agent["provider_agent_id"],
            "retell_llm_dynamic_variables": dict.fromkeys(agent["variables"], "x"),
        },
        "signed": {
            "body": body,
            "signature": sign(body.encode(), settled["key"], now_ms),
        },
    }
    done = subprocess.run(
        ["node", "client.mjs"],
        check=False,
        cwd=home,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: Json = json.loads(done.stdout)
    return found


def test_it_launches_and_reads_a_call(told: Json) -> None:
    assert told["created"]["call_status"] == "registered"
    assert told["read"]["call_id"] == told["created"]["call_id"]
    assert told["read"]["to_number"] == LONG
    listed = [row["call_id"] for row in told["listed"]["items"]]
    assert listed == [told["created"]["call_id"]]


def test_it_lists_agents_and_numbers(house: House, settled: Json, told: Json) -> None:
    for what, name in (("agents", "agent_name"), ("numbers", "phone_number")):
        ours = house.ask(settled["key"], what)["items"]
        shown = told[what]["items"]
        mine = {row.get("name") or row.get("number") for row in ours}
        assert {row[name] for row in shown} == mine


def test_it_stops_a_call(house: House, settled: Json, told: Json) -> None:
    assert told["stopped"]

    def over() -> Json | None:
        (call,) = house.ask(settled["key"], "calls")["items"]
        return call if call["status"] in FINAL else None

    call = until(over)
    assert call["to_number"] == LONG


def test_it_verifies_our_signature(told: Json) -> None:
    assert (told["verified"], told["forged"]) == (True, False)


def test_it_understands_our_refusals(told: Json) -> None:
    assert told["refused"] in (404, 422)


def test_the_lock_fits_what_is_asked_for() -> None:
    wanted = json.loads((NODE / "package.json").read_text())["dependencies"]
    locked = json.loads((NODE / "package-lock.json").read_text())
    assert locked["packages"][""]["dependencies"] == wanted
