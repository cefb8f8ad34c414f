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
    assert mend(client, number, "ours", "inbound").status_code == 403
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


# --- what the provider has instead
@pytest.fixture
def there(workspace: Workspace) -> Connection:
    """Return an account whose bindings the provider keeps, with Ava and Ben."""
    account = make_connection(
        workspace, provider="retell", credentials={"api_key": "key_secret"}
    )
    for name in ("Ava", "Ben"):
        make_agent(account, name=name, provider_agent_id=f"agent_{name}", versions=2)
    return account


def mend(client: Client, number: PhoneNumber, way: str, direction: str) -> Any:
    """Press one of the two buttons of a drift, in the row."""
    return client.post(
        url("number_drift", number),
        {"direction": direction, "way": way},
        headers=in_row(number),
    )


def test_drift_is_shown_by_direction_with_both_sides(
    there: Connection, reviewer: Member, client_of: LogIn
) -> None:
    theirs = {"inbound": {"agent_id": "agent_Ava", "version": 4}}
    number = make_number(there, theirs=theirs)
    page = client_of(reviewer).get("/numbers/").content.decode()
    assert "Calls in: Retell AI has something else." in page
    assert "There: Ava v4. Here: off." in page
    assert "An admin can mend it." in page
    assert url("number_drift", number) not in page


@pytest.mark.usefixtures("taking")
def test_what_the_provider_has_is_taken_over_for_one_direction(
    there: Connection, admin: Member, client_of: LogIn
) -> None:
    side = {"agent_id": "agent_Ava", "version": 1}
    number = make_number(there, theirs={"inbound": side, "outbound": side})
    answer = mend(client_of(admin), number, "theirs", "inbound")
    page = answer.content.decode()
    assert "Taken over from Retell AI." in page
    assert "Undo" not in page
    assert str(now_of(number).inbound) == "Ava v1"
    assert now_of(number).outbound.agent is None
    assert [d.direction for d in answer.context["line"].drifts] == ["outbound"]


@pytest.mark.usefixtures("taking")
def test_what_is_set_here_is_sent_for_one_direction(
    there: Connection, admin: Member, client_of: LogIn
) -> None:
    side = {"agent_id": "agent_Ava", "version": 1}
    number = make_number(there, theirs={"inbound": side, "outbound": side})
    answer = mend(client_of(admin), number, "ours", "outbound")
    assert "Sent to Retell AI." in answer.content.decode()
    assert [d.direction for d in answer.context["line"].drifts] == ["inbound"]


@pytest.mark.usefixtures("refusing")
def test_a_refused_mending_is_shown_in_the_providers_words(
    there: Connection, admin: Member, client_of: LogIn
) -> None:
    side = {"agent_id": "agent_Ava", "version": 1}
    number = make_number(there, theirs={"inbound": side})
    answer = mend(client_of(admin), number, "ours", "inbound")
    assert answer.status_code == 422
    assert "No such agent version." in answer.content.decode()


@pytest.mark.parametrize("fields", [{}, {"direction": "inbound", "way": "x"}])
def test_a_mending_that_says_nothing_does_nothing(
    there: Connection, admin: Member, client_of: LogIn, fields: dict[str, str]
) -> None:
    number = make_number(there)
    answer = client_of(admin).post(
        url("number_drift", number), fields, headers=in_row(number)
    )
    assert answer.status_code == 422


def test_an_unknown_agent_there_can_only_be_replaced(
    there: Connection, admin: Member, client_of: LogIn
) -> None:
    theirs = {"inbound": {"agent_id": "agent_new", "version": None}}
    number = make_number(there, theirs=theirs)
    client = client_of(admin)
    page = client.get("/numbers/").content.decode()
    assert "That agent is not known here yet: sync" in page
    assert 'value="theirs"' not in page
    answer = mend(client, number, "theirs", "inbound")
    assert answer.status_code == 422
    assert "Sync" in answer.content.decode()


def test_the_page_of_a_number_says_what_is_wrong_with_it(
    there: Connection, admin: Member, client_of: LogIn
) -> None:
    theirs = {
        "inbound": {"agent_id": "agent_Ava", "version": 1},
        "trouble": "The import to the voice platform failed.",
    }
    number = make_number(there, theirs=theirs)
    client = client_of(admin)
    for address in ("/numbers/", url("number_edit", number)):
        page = client.get(address).content.decode()
        assert "The import to the voice platform failed." in page
        assert "Calls in: Retell AI has something else." in page


# --- several agents with shares
SPLIT = [
    {"agent_id": "agent_Ava", "agent_version": 1, "weight": 0.7},
    {"agent_id": "agent_Ben", "agent_version": None, "weight": 0.3},
]


@pytest.fixture
def shared(there: Connection) -> PhoneNumber:
    """Return a number whose calls in two agents share, here and at the provider."""
    theirs = {"agent_id": "agent_Ava", "version": 1, "weights": SPLIT}
    number = make_number(there, theirs={"inbound": theirs})
    bind(number, Direction.INBOUND, there.agents.get(name="Ava"), 1)
    number.bindings.update(weights=SPLIT)
    return number


def test_who_has_which_share_is_shown(
    shared: PhoneNumber, reviewer: Member, client_of: LogIn
) -> None:
    page = client_of(reviewer).get("/numbers/").content.decode()
    assert "Ava v1\u00a070\u00a0%, Ben\u00a030\u00a0%" in page
    assert "something else" not in page


@pytest.mark.usefixtures("taking")
def test_saving_another_field_keeps_the_shares(
    shared: PhoneNumber, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    form = client.get(url("number_edit", shared)).context["form"]
    chosen = form["inbound_agent"].value()
    save(client, shared, inbound_agent=chosen, label="New")
    assert now_of(shared).label == "New"
    assert list(now_of(shared).inbound.weights) == SPLIT


def test_replacing_the_shares_is_asked_about_first(
    shared: PhoneNumber, admin: Member, client_of: LogIn
) -> None:
    ben = shared.connection.agents.get(name="Ben")
    fields = wish(shared, inbound_agent=str(ben.pk), inbound_version="")
    answer = client_of(admin).get(
        url("number_edit", shared), fields, headers=in_row(shared, "changes")
    )
    page = answer.content.decode()
    assert [c.after for c in answer.context["changes"]] == ["Ben, always the latest"]
    assert (
        "Calls in are shared by Ava v1\u00a070\u00a0%, Ben\u00a030\u00a0% at Retell AI."
        in page
    )
    assert 'name="ends_split"' in page


@pytest.mark.usefixtures("taking")
def test_the_shares_end_only_when_that_is_said(
    shared: PhoneNumber, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    ben = shared.connection.agents.get(name="Ben")
    answer = save(client, shared, inbound_agent=str(ben.pk))
    assert answer.status_code == 422
    assert "Say that the split may end, or keep it." in answer.content.decode()
    assert now_of(shared).inbound.is_split
    save(client, shared, inbound_agent=str(ben.pk), ends_split="on")
    assert now_of(shared).inbound.agent == ben
    assert not now_of(shared).inbound.is_split


def test_sending_ours_over_their_shares_is_asked_about(
    shared: PhoneNumber, admin: Member, client_of: LogIn
) -> None:
    shared.bindings.update(weights=[])
    page = client_of(admin).get("/numbers/").content.decode()
    assert (
        'data-confirm="Calls in are shared by Ava v1\u00a070\u00a0%, Ben\u00a030\u00a0%'
        in page
    )
    assert 'data-confirm-yes="End the split"' in page


@pytest.mark.usefixtures("taking")
def test_shares_that_only_the_provider_has_end_only_when_that_is_said(
    shared: PhoneNumber, admin: Member, client_of: LogIn
) -> None:
    shared.bindings.all().delete()
    ben = shared.connection.agents.get(name="Ben")
    client = client_of(admin)
    assert save(client, shared, inbound_agent=str(ben.pk)).status_code == 422
    assert save(client, shared, label="New").status_code == 200
    answer = save(client, shared, inbound_agent=str(ben.pk), ends_split="on")
    assert answer.status_code == 200
    assert now_of(shared).inbound.agent == ben


# --- who keeps a binding
def test_what_the_provider_cannot_keep_is_marked(
    number: PhoneNumber, ava: Agent, admin: Member, client_of: LogIn
) -> None:
    bind(number, Direction.OUTBOUND, ava)
    client = client_of(admin)
    assert "kept by Switchboard" in client.get("/numbers/").content.decode()
    edit = client.get(url("number_edit", number)).content.decode()
    assert "Kept by Switchboard: Simulator is not told." in edit
    agent = client.get(ava.get_absolute_url()).content.decode()
    assert "Ava, always the latest (kept by Switchboard)" in agent


def test_what_only_the_provider_changes_is_closed_with_a_reason(
    number: PhoneNumber,
    ava: Agent,
    admin: Member,
    client_of: LogIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(number.connection.kind, "picks_caller", True)
    bind(number, Direction.OUTBOUND, ava)
    client = client_of(admin)
    page = client.get(url("number_edit", number))
    assert "gives its agents their numbers itself" in page.content.decode()
    assert page.context["form"].fields["outbound_agent"].disabled
    assert "set at Simulator" in client.get("/numbers/").content.decode()
    save(client, number, label="New", outbound_agent="", inbound_agent=str(ava.pk))
    now = now_of(number)
    assert (now.label, now.outbound.agent, now.inbound.agent) == ("New", ava, None)


def test_without_versions_there_is_no_choice_of_them(
    number: PhoneNumber,
    ava: Agent,
    admin: Member,
    client_of: LogIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(number.connection.kind, "has_versions", False)
    bind(number, Direction.INBOUND, ava, 1)
    client = client_of(admin)
    page = client.get(url("number_edit", number)).content.decode()
    assert "keeps no versions of agents" in page
    assert 'name="inbound_version"' not in page
    save(client, number, label="New", inbound_agent=str(ava.pk))
    bound = number.workspace.numbers.get().binding("inbound")
    assert bound
    assert (str(now_of(number).inbound), bound.version) == ("Ava", 1)


def test_a_stranger_finds_nothing(admin: Member, client_of: LogIn) -> None:
    number = make_number(make_connection(make_workspace()), label="Theirs")
    client = client_of(admin)
    assert b"Theirs" not in client.get("/numbers/").content
    assert client.get(f"/numbers/?only={number.pk}").status_code == 404
    assert client.get(url("number_edit", number)).status_code == 404
    assert save(client, number).status_code == 404
    assert client.post(url("number_undo", number), {"entry": 1}).status_code == 404
    assert mend(client, number, "ours", "inbound").status_code == 404


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
