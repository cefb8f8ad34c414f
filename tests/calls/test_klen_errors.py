"""Every row of Klen's error table, over HTTP, each by what leads to it.

The table is in the contract sheet, section 0; seed 002 prints the part of it that
belongs to launching. Each case is first shown to pass, so that what is refused is refused
for what was changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from agents.models import Direction, bind
from agents.providers import numeric
from agents.providers.klen import words
from calls.billing import wallets
from calls.models import Contact, Wallet
from dashboard.models import ApiKey, Workspace
from tests.calls.doors import TO, over_the_wire, staffed
from tests.factories import make_contact

pytestmark = over_the_wire
AGENT = "assistant_12345"
WISH = {"phone_number": TO, "agent_id": AGENT}
LAUNCHING, READING = ["calls:write"], ["calls:read", "contacts:write", "contacts:read"]


@dataclass(frozen=True)
class Client:
    """A client of Klen's whose base URL is ours."""

    base: str
    key: str
    workspace: Workspace
    contact: Contact

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Ask over HTTP; `more` is handed to the request."""
        given = {"headers": {"Authorization": f"Bearer {self.key}"}} | more
        if body is not None:
            given["json"] = body
        # Certificates are not looked at, so none need be read for each request.
        given |= {"timeout": 20, "verify": False}
        return httpx.request(method, f"{self.base}/api/v1/{path}", **given)

    def launch(self, **changes: Any) -> Any:
        """Ask for a call."""
        return self.ask("POST", "calls", WISH | changes)

    def tell(self, told: Any) -> Any:
        """Set context variables of the contact."""
        number = numeric.number_of(str(self.contact.pk))
        return self.ask("POST", f"contacts/{number}/context", {"variables": told})


@pytest.fixture
def client(workspace: Workspace, live_server: LiveServer) -> Client:
    """Return a client that may do everything, in a workspace where all of it works."""
    agent = staffed(workspace, versions=1, provider_agent_id=AGENT)
    bind(workspace.numbers.get(), Direction.OUTBOUND, agent)
    workspace.context_variables.create(
        scope="contact", name="seats", label="Seats", kind="number"
    )
    key = ApiKey.issue(workspace, "Client", [*LAUNCHING, *READING])[1]
    contact = make_contact(workspace, number="+14155550142")
    return Client(f"{live_server.url}/compat/klen", key, workspace, contact)


# --- What leads to each --------------------------------------------------------------
def on_the_list(client: Client) -> Any:
    """Call somebody who asked not to be called."""
    client.workspace.suppressions.create(number=TO)
    return client.launch()


def too_poor(client: Client) -> Any:
    """Call with a cent in the wallet."""
    wallet = Wallet.objects.create(workspace=client.workspace, rate=Decimal("0.1"))
    wallets.top_up(wallet, Decimal("0.01"), "To begin with", None)
    return client.launch()


def without_numbers(client: Client) -> Any:
    """Call with an agent whose number was taken away."""
    client.workspace.numbers.update(retired_at=timezone.now())
    return client.launch()


def too_often(client: Client) -> Any:
    """Ask more often than the key may in a minute."""
    ApiKey.objects.update(requests_per_minute=1)
    client.ask("GET", "calls")
    return client.ask("GET", "calls")


def not_permitted(client: Client) -> Any:
    """Launch with a key that may read only."""
    ApiKey.objects.update(scopes=["calls:read"])
    return client.launch()


def revoked(client: Client) -> Any:
    """Ask with a key that was revoked."""
    ApiKey.objects.update(revoked_at=timezone.now())
    return client.ask("GET", "calls")


Case = tuple[int, str, Callable[[Client], Any]]
# A row may have several lines: one for each kind of place it can happen in.
TABLE: tuple[Case, ...] = (
    (400, "validation_error", lambda c: c.ask("GET", "calls?status=ended")),
    (400, "validation_error", lambda c: c.launch(phone_number=7)),
    (400, "invalid_json", lambda c: c.ask("POST", "calls", content=b"{no")),
    (
        400,
        "invalid_json",
        lambda c: c.ask("POST", "business/context", content=b"[1]"),
    ),
    (400, "missing_phone_number", lambda c: c.launch(phone_number=None)),
    (400, "missing_agent_id", lambda c: c.launch(agent_id="")),
    (400, "invalid_phone_number", lambda c: c.launch(phone_number="+12")),
    (400, "invalid_value", lambda c: c.tell({"seats": "many"})),
    (400, "undefined_variable", lambda c: c.tell({"seats": 2, "mood": "good"})),
    (401, "authentication_required", lambda c: c.ask("GET", "calls", headers={})),
    (
        401,
        "invalid_key",
        lambda c: c.ask("GET", "calls", headers={"X-API-Key": "klen_no"}),
    ),
    (401, "invalid_key", revoked),
    (402, "insufficient_funds", too_poor),
    (403, "permission_denied", not_permitted),
    (403, "do_not_call", on_the_list),
    (404, "not_found", lambda c: c.ask("GET", "calls/789")),
    (404, "not_found", lambda c: c.ask("GET", "contacts/789")),
    (404, "agent_not_found", lambda c: c.launch(agent_id="assistant_no")),
    (404, "no_phone_number", without_numbers),
    (429, "rate_limit_exceeded", too_often),
    (500, "server_error", lambda c: c.launch(phone_number="+14155550155")),
)
# On another page of theirs, not in the sheet's table.
BEYOND = {"missing_parameter", "duplicate_variable"}


def test_no_row_is_left_out() -> None:
    assert {word for _, word, _ in TABLE} == words.KNOWN - BEYOND


@pytest.mark.parametrize(
    ("status", "word", "lead"),
    TABLE,
    ids=[f"{number}-{word}" for number, (_, word, _) in enumerate(TABLE)],
)
def test_a_row_of_the_table(
    client: Client, status: int, word: str, lead: Callable[[Client], Any]
) -> None:
    assert client.ask("GET", "calls").status_code == 200
    answer = lead(client)
    body = answer.json()
    assert (answer.status_code, body["error"]) == (status, word)
    assert set(body) == {"error", "message"}
    assert len(body["message"]) > 10
    assert ("Retry-After" in answer.headers) == (status == 429)
    assert not client.workspace.calls.exists()
    client.contact.refresh_from_db()
    assert client.contact.attributes == {}


def test_what_leads_to_them_works_where_nothing_is_wrong(client: Client) -> None:
    assert client.tell({"seats": 2}).status_code == 200
    launched = client.launch()
    assert launched.status_code == 201
    path = f"calls/{launched.json()['call_id']}"
    assert client.ask("GET", path).status_code == 200
    number = numeric.number_of(str(client.contact.pk))
    assert client.ask("GET", f"contacts/{number}").status_code == 200
