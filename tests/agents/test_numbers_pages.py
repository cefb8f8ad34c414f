"""The pages of numbers: what is set, and changing it in the row."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.models import Agent, Connection, Direction, PhoneNumber, bind
from agents.providers.http import network
from agents.setups import Setup
from dashboard.models import Member, Workspace
from tests.factories import make_agent, make_connection, make_number, make_workspace

pytestmark = pytest.mark.django_db
LogIn = Callable[[Member], Client]


@pytest.fixture
def account(workspace: Workspace) -> Connection:
    return make_connection(workspace, name="Main")


@pytest.fixture
def ava(account: Connection) -> Agent:
    return make_agent(account, versions=3, name="Ava")


@pytest.fixture
def number(account: Connection) -> PhoneNumber:
    return make_number(account, number="+14155550100", label="Sales", carrier="twilio")


@pytest.fixture
def taking() -> Iterator[None]:
    """Have every provider take what it is told."""
    network.use(httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    yield
    network.use(None)


@pytest.fixture
def refusing() -> Iterator[None]:
    """Have every provider refuse what it is told."""
    words = {"status": "error", "message": "No such agent version."}
    network.use(httpx.MockTransport(lambda _: httpx.Response(422, json=words)))
    yield
    network.use(None)


def url(name: str, number: PhoneNumber) -> str:
    """Return an address of a number."""
    return reverse(name, args=[number.pk])


def wish(number: PhoneNumber, **fields: Any) -> dict[str, Any]:
    """Return what the form sends when nothing but `fields` was changed."""
    return {"label": number.label, "cps": "1", "countries": ""} | fields


def in_row(number: PhoneNumber, part: str = "number") -> dict[str, str]:
    """Return the headers of a request from inside the row."""
    return {"HX-Request": "true", "HX-Target": f"{part}-{number.pk}"}


def save(client: Client, number: PhoneNumber, **fields: Any) -> HttpResponse:
    """Save the form in the row."""
    answer: Any = client.post(
        url("number_edit", number), wish(number, **fields), headers=in_row(number)
    )
    return answer  # type: ignore[no-any-return]


def now_of(number: PhoneNumber) -> Setup:
    """Return what is set on a number, read again."""
    return Setup.of(number.workspace.numbers.get(pk=number.pk))


def test_off_is_said_in_words(
    number: PhoneNumber, reviewer: Member, client_of: LogIn
) -> None:
    page = client_of(reviewer).get("/numbers/").content.decode()
    assert "choose an agent at each call" in page
    assert "+1 415 555 0100" in page
    assert "1 call a second, at most 5" in page


def test_a_binding_is_shown_with_its_version(
    number: PhoneNumber, ava: Agent, reviewer: Member, client_of: LogIn
) -> None:
    bind(number, Direction.INBOUND, ava, 2)
    bind(number, Direction.OUTBOUND, ava)
    page = client_of(reviewer).get("/numbers/").content.decode()
    assert "Ava v2" in page
    assert "Ava, always the latest" in page


@pytest.mark.parametrize(
    "typed", ["(415) 555-0100", "+1 415 555 01", "0100", "sales", "Ava", "main"]
)
def test_numbers_are_found(
    number: PhoneNumber, ava: Agent, reviewer: Member, client_of: LogIn, typed: str
) -> None:
    bind(number, Direction.INBOUND, ava)
    make_number(make_connection(number.workspace), number="+442079460958")
    page = client_of(reviewer).get("/numbers/", {"q": typed})
    assert [line.number for line in page.context["lines"]] == [number]


@pytest.mark.parametrize("rows", [1, 20])
def test_the_list_takes_the_same_queries(
    account: Connection,
    ava: Agent,
    reviewer: Member,
    client_of: LogIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    rows: int,
) -> None:
    theirs = {"inbound": {"agent_id": ava.provider_agent_id, "version": 0}}
    for _ in range(rows):
        bind(make_number(account, theirs=theirs), Direction.INBOUND, ava)
    client = client_of(reviewer)
    headers = {"HX-Request": "true", "HX-Target": "rows"}
    with django_assert_num_queries(7):
        client.get("/numbers/", headers=headers)


def test_who_may_not_bind_sees_no_edit(
    number: PhoneNumber, admin: Member, manager: Member, client_of: LogIn
) -> None:
    edit = url("number_edit", number)
    assert edit in client_of(admin).get("/numbers/").content.decode()
    assert edit not in client_of(manager).get("/numbers/").content.decode()


@pytest.mark.parametrize("role", ["manager", "reviewer"])
def test_who_may_not_bind_is_refused(
    number: PhoneNumber, client_of: LogIn, role: str, request: pytest.FixtureRequest
) -> None:
    client = client_of(request.getfixturevalue(role))
    assert client.get(url("number_edit", number)).status_code == 403
    assert save(client, number, label="Mine").status_code == 403
    assert client.post(url("number_undo", number), {"entry": 1}).status_code == 403
    assert now_of(number).label == "Sales"


def test_edit_swaps_the_row_and_is_a_page_too(
    number: PhoneNumber, ava: Agent, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    part = client.get(url("number_edit", number), headers=in_row(number))
    assert part.content.decode().lstrip().startswith("<tbody")
    assert "<html" in client.get(url("number_edit", number)).content.decode()


def test_the_versions_offered_are_those_of_the_agent(
    number: PhoneNumber, ava: Agent, admin: Member, client_of: LogIn
) -> None:
    bind(number, Direction.INBOUND, ava)
    page = client_of(admin).get(url("number_edit", number))
    versions = [
        key for key, _ in page.context["form"].fields["inbound_version"].choices
    ]
    assert versions == ["", "2", "1", "0"]


def test_agents_of_another_connection_are_not_offered(
    number: PhoneNumber, ava: Agent, admin: Member, client_of: LogIn
) -> None:
    ben = make_agent(make_connection(number.workspace), name="Ben")
    client = client_of(admin)
    assert b"Ben" not in client.get(url("number_edit", number)).content
    assert save(client, number, inbound_agent=str(ben.pk)).status_code == 422


def test_before_saving_both_sides_are_shown(
    number: PhoneNumber, ava: Agent, admin: Member, client_of: LogIn
) -> None:
    bind(number, Direction.INBOUND, ava, 2)
    answer = client_of(admin).get(
        url("number_edit", number),
        wish(number, inbound_agent="", cps="2"),
        headers=in_row(number, "changes"),
    )
    told = [(c.name, c.before, c.after) for c in answer.context["changes"]]
    assert told == [("Calls in", "Ava v2", "off"), ("Calls per second", "1", "2")]
    assert "<html" not in answer.content.decode()


def test_another_agent_starts_at_its_latest_version(
    number: PhoneNumber, ava: Agent, admin: Member, client_of: LogIn
) -> None:
    bind(number, Direction.INBOUND, ava, 2)
    ben = make_agent(number.connection, name="Ben")
    chosen = {"inbound_agent": str(ben.pk), "inbound_version": "2", "moved": "inbound"}
    answer = client_of(admin).get(
        url("number_edit", number),
        wish(number, **chosen),
        headers=in_row(number, "changes"),
    )
    assert [c.after for c in answer.context["changes"]] == ["Ben, always the latest"]


def test_saving_brings_the_row_back_with_undo(
    number: PhoneNumber, ava: Agent, admin: Member, client_of: LogIn
) -> None:
    answer = save(
        client_of(admin), number, inbound_agent=str(ava.pk), inbound_version="1"
    )
    page = answer.content.decode()
    assert "Ava v1" in page
    assert "Undo" in page
    assert str(now_of(number).inbound) == "Ava v1"


def test_undo_posts_the_setup_back(
    number: PhoneNumber, ava: Agent, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    save(client, number, outbound_agent=str(ava.pk), label="New")
    entry = number.workspace.audit.get()
    answer = client.post(
        url("number_undo", number), {"entry": entry.pk}, headers=in_row(number)
    )
    assert "Taken back." in answer.content.decode()
    assert (now_of(number).outbound.agent, now_of(number).label) == (None, "Sales")


def test_an_old_undo_is_refused_in_words(
    number: PhoneNumber, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    save(client, number, label="One")
    entry = number.workspace.audit.get()
    save(client, number, label="Two")
    answer = client.post(
        url("number_undo", number), {"entry": entry.pk}, headers=in_row(number)
    )
    assert answer.status_code == 422
    assert "changed again since" in answer.content.decode()
    assert now_of(number).label == "Two"


@pytest.mark.parametrize("entry", ["", "x", "999999"])
def test_an_undo_of_nothing_is_not_found(
    number: PhoneNumber, admin: Member, client_of: LogIn, entry: str
) -> None:
    answer = client_of(admin).post(url("number_undo", number), {"entry": entry})
    assert answer.status_code == 404


def test_without_htmx_the_list_offers_the_undo(
    number: PhoneNumber, admin: Member, client_of: LogIn
) -> None:
    answer = client_of(admin).post(
        url("number_edit", number), wish(number, label="New"), follow=True
    )
    assert "Undo" in answer.content.decode()
    assert [line.number for line in answer.context["lines"]] == [number]


@pytest.mark.parametrize(
    ("carrier", "words"),
    [
        ("twilio", "Twilio starts at most 5 calls per second"),
        ("telnyx", "Telnyx starts at most 16 calls per second"),
        ("custom", "concurrency, 20, divided by 20"),
    ],
)
def test_a_pace_above_the_ceiling_names_it(
    account: Connection, admin: Member, client_of: LogIn, carrier: str, words: str
) -> None:
    number = make_number(account, carrier=carrier)
    answer = save(client_of(admin), number, cps="17")
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert now_of(number).cps == 1


@pytest.mark.parametrize(
    ("typed", "codes"),
    [("us, Canada", ("CA", "US")), ("", ()), ("DE AT", ("AT", "DE"))],
)
def test_countries_are_read_as_typed(
    number: PhoneNumber,
    admin: Member,
    client_of: LogIn,
    typed: str,
    codes: tuple[str, ...],
) -> None:
    save(client_of(admin), number, countries=typed)
    assert now_of(number).countries == codes


def test_an_unknown_country_is_refused_in_words(
    number: PhoneNumber, admin: Member, client_of: LogIn
) -> None:
    answer = save(client_of(admin), number, countries="US, Atlantis")
    assert answer.status_code == 422
    assert "“Atlantis” is not a country" in answer.content.decode()


def test_a_change_of_someone_else_is_not_overwritten(
    number: PhoneNumber, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    seen = Setup.of(number).fingerprint()
    save(client, number, label="Theirs")
    answer = save(client, number, label="Mine", seen=seen)
    assert answer.status_code == 422
    assert now_of(number).label == "Theirs"


def test_drift_is_shown_with_the_agents_name(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    account = make_connection(workspace, provider="retell")
    make_agent(account, name="Ava", provider_agent_id="agent_a")
    theirs = {"inbound": {"agent_id": "agent_a", "version": 4}}
    make_number(account, theirs=theirs)
    page = client_of(reviewer).get("/numbers/").content.decode()
    assert "Retell AI has something else" in page
    assert "Calls in: Retell AI has Ava v4" in page


def test_what_the_provider_has_can_be_taken_over(
    workspace: Workspace, admin: Member, client_of: LogIn, taking: None
) -> None:
    account = make_connection(workspace, provider="retell")
    make_agent(account, name="Ava", provider_agent_id="agent_a", versions=2)
    theirs = {"inbound": {"agent_id": "agent_a", "version": 1}}
    number = make_number(account, theirs=theirs)
    page = client_of(admin).get(url("number_edit", number)).content.decode()
    assert "Take over what Retell AI has" in page
    save(client_of(admin), number, drift="theirs")
    assert str(now_of(number).inbound) == "Ava v1"


def test_several_agents_there_cannot_be_taken_over(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    account = make_connection(workspace, provider="retell")
    number = make_number(account, theirs={"inbound": {"weights": [{}, {}]}})
    answer = save(client_of(admin), number, drift="theirs")
    assert answer.status_code == 422
    assert "more than one agent" in answer.content.decode()


def test_a_stranger_finds_nothing(admin: Member, client_of: LogIn) -> None:
    number = make_number(make_connection(make_workspace()), label="Theirs")
    client = client_of(admin)
    assert b"Theirs" not in client.get("/numbers/").content
    assert client.get(f"/numbers/?only={number.pk}").status_code == 404
    assert client.get(url("number_edit", number)).status_code == 404
    assert save(client, number).status_code == 404
    assert client.post(url("number_undo", number), {"entry": 1}).status_code == 404


@pytest.mark.usefixtures("refusing")
def test_a_refusal_of_the_provider_is_shown_in_its_words(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    account = make_connection(
        workspace, provider="retell", credentials={"api_key": "k"}
    )
    agent, number = make_agent(account), make_number(account)
    answer = save(client_of(admin), number, inbound_agent=str(agent.pk))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was changed. Retell AI said:" in page
    assert "No such agent version." in page
    assert now_of(number).inbound.agent is None
