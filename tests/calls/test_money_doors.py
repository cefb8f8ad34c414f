"""Too little money: said by every door, in its own words, and nothing is launched."""

import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent
from calls import launch, policy
from calls.billing import wallets
from calls.models import Call, Wallet
from calls.refusals import LaunchRefused
from dashboard.models import ApiKey, Member, Workspace
from tests.calls.purse import FROM, TO, audit, make_line, make_wallet, planned

pytestmark = pytest.mark.django_db

NUMBERS = {"from_number": FROM, "to_number": TO}
# How each dialect asks for a call, and what it says where there is too little money.
DIALECTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "uponai": (
        "api/v1/calls/initiate",
        {"agentId": "agent_1", "fromNumber": FROM, "toNumber": TO},
        {"success": False},
    ),
    "retell": (
        "v2/create-phone-call",
        NUMBERS | {"override_agent_id": "agent_1"},
        {"status": "error"},
    ),
    "itellico": (
        "v1/accounts/{account}/calls",
        NUMBERS | {"type": "phone", "agent_id": "agent_1"},
        {"code": "payment_required"},
    ),
    "klen": (
        "api/v1/calls",
        {"phone_number": TO, "agent_id": "agent_1"},
        {"error": "insufficient_funds"},
    ),
    "zudu": (
        "api/calls/create-phone-call",
        NUMBERS | {"override_agent_id": "agent_1"},
        {"message": "Payment required", "status": "error"},
    ),
}
OVERTAKEN = pytest.mark.parametrize("is_overtaken", [False, True])


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent that may call."""
    return make_line(workspace)


@pytest.fixture
def wallet(workspace: Workspace) -> Wallet:
    """Return a wallet with a cent too little for a call."""
    return make_wallet(workspace, "0.29")


@pytest.fixture
def overtake(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Return a function that has others spend the money behind the look at it."""

    def blind(is_overtaken: bool) -> None:
        if is_overtaken:
            monkeypatch.setattr(policy, "check", lambda plan: [])

    return blind


def post(path: str, body: Any, **headers: str) -> Any:
    """Post JSON as a program does."""
    return Client().post(
        path, json.dumps(body), content_type="application/json", headers=headers
    )


@OVERTAKEN
def test_our_own_api_says_balance_and_what_is_required(
    agent: Agent, wallet: Wallet, overtake: Callable[[bool], None], is_overtaken: bool
) -> None:
    overtake(is_overtaken)
    key = ApiKey.issue(agent.workspace, "Client", ["calls:write"])[1]
    wish = {"to_number": TO, "agent_id": "agent_1"}
    answer = post("/api/v1/calls", wish, Authorization=f"Bearer {key}")
    body = answer.json()
    assert (answer.status_code, body["error"]) == (402, "insufficient_funds")
    details = {name: body["details"][name] for name in ("balance", "required")}
    assert details == {"balance": "0.2900", "required": "0.3000"}
    assert body["details"]["currency"] == "USD"
    assert not Call.objects.exists()


@OVERTAKEN
@pytest.mark.parametrize("slug", DIALECTS)
def test_every_dialect_says_402_in_its_own_shape(
    slug: str,
    agent: Agent,
    wallet: Wallet,
    overtake: Callable[[bool], None],
    is_overtaken: bool,
) -> None:
    overtake(is_overtaken)
    _, key, secret = ApiKey.issue(agent.workspace, "Client", ["calls:write"])
    path, wish, said = DIALECTS[slug]
    names = {"zudu": {"X-API-KEY": key, "X-API-SECRET": secret}}
    usual = {"itellico": {"X-API-Key": key}} | names
    headers = usual.get(slug, {"Authorization": f"Bearer {key}"})
    address = f"/compat/{slug}/{path}".format(account=agent.workspace_id)
    answer = post(address, wish, **headers)
    assert answer.status_code == 402
    assert said.items() <= answer.json().items()
    assert "$0.29" in answer.content.decode()
    assert not Call.objects.exists()
    audit(wallet)


@OVERTAKEN
def test_the_button_says_it_on_the_form(
    agent: Agent,
    wallet: Wallet,
    manager: Member,
    client_of: Callable[[Member], Client],
    overtake: Callable[[bool], None],
    is_overtaken: bool,
) -> None:
    overtake(is_overtaken)
    form = {"who": TO, "agent": str(agent.pk), "launch_key": str(uuid.uuid4())}
    answer = client_of(manager).post("/calls/new/", form)
    assert answer.status_code == 422
    assert "The wallet has $0.29 left" in answer.content.decode()
    assert not Call.objects.exists()


def test_the_form_warns_and_launches(
    agent: Agent, manager: Member, client_of: Callable[[Member], Client]
) -> None:
    make_wallet(agent.workspace, soft_per_day="0.10")
    form = {"who": TO, "agent": str(agent.pk), "launch_key": str(uuid.uuid4())}
    client = client_of(manager)
    assert (
        "the warning is set at $0.10"
        in client.get(
            "/calls/new/", {"to": TO, "agent": str(agent.pk)}
        ).content.decode()
    )
    assert client.post("/calls/new/", form).status_code == 302
    assert Call.objects.count() == 1


def test_a_repeat_is_the_first_call_though_the_money_is_gone(
    agent: Agent, workspace: Workspace
) -> None:
    make_wallet(workspace, "0.30")
    key = ApiKey.issue(workspace, "Client", ["calls:write"])[1]
    wish = {"to_number": TO, "agent_id": "agent_1", "external_id": "order-7"}
    first = post("/api/v1/calls", wish, Authorization=f"Bearer {key}")
    # What it may cost is set aside: nothing is left for another one.
    again = post("/api/v1/calls", wish, Authorization=f"Bearer {key}")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    other = post(
        "/api/v1/calls", wish | {"external_id": "8"}, Authorization=f"Bearer {key}"
    )
    assert other.status_code == 402


def test_an_overtaken_launch_may_come_again(agent: Agent, wallet: Wallet) -> None:
    plan = planned(agent)
    with pytest.raises(LaunchRefused):
        launch.launch(plan, "key:1")
    wallets.top_up(wallet, Decimal("0.01"), "The missing cent", None)
    assert launch.launch(planned(agent), "key:1")[1] is True
