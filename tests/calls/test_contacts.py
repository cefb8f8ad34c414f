"""Pages of contacts: finding, paging, changing, and who may."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents import phone
from calls.models import Contact
from calls.people import contact_book
from dashboard.models import Member, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_workspace,
)

pytestmark = pytest.mark.django_db
ClientOf = Callable[[Member], Client]
LIST = "/contacts/"
NIGHT = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.fixture
def client(client_of: ClientOf, manager: Member) -> Client:
    return client_of(manager)


def save(client: Client, contact: Contact | None = None, **fields: Any) -> Any:
    """Send the form of a new or of a known contact."""
    fields.setdefault("number", contact.number if contact else "+14155550142")
    url = reverse("contact_edit", args=[contact.pk]) if contact else "/contacts/new/"
    return client.post(url, fields)


# --- the list
@pytest.mark.parametrize(
    "text",
    [
        "maria",
        "alva",
        "Brightside",
        "@dental",
        "+1 (415) 555-0142",
        "415.555.0142",
        "0142",
    ],
)
def test_a_contact_is_found_by_any_part_in_any_format(
    client: Client, workspace: Workspace, text: str
) -> None:
    make_contact(
        workspace,
        name="Maria Alvarez",
        number="+14155550142",
        company="Brightside",
        email="maria@dental.example",
    )
    make_contact(workspace, name="Theo", number="+4685550117")
    names = [
        entry.contact.name for entry in client.get(LIST, {"q": text}).context["entries"]
    ]
    assert names == ["Maria Alvarez"]


def test_a_national_number_is_found(client_of: ClientOf, manager: Member) -> None:
    manager.workspace.country = "DE"
    manager.workspace.save()
    make_contact(manager.workspace, name="Jonas", number="+4930555019")
    page = client_of(manager).get(LIST, {"q": "030 555019"})
    assert "Jonas" in page.content.decode()


def test_pages_go_on_and_back_without_a_gap(
    client: Client, workspace: Workspace
) -> None:
    for index in range(120):
        make_contact(workspace, name=f"Person {index:03d}")
    names: list[str] = []
    marks: dict[str, str] = {}
    for _ in range(3):
        page = client.get(LIST, marks).context["page"]
        names += [contact.name for contact in page.items]
        marks = {"after": str(page.after)}
    assert names == [f"Person {index:03d}" for index in range(120)]
    back = client.get(LIST, {"before": str(page.before)}).context["page"]
    assert [contact.name for contact in back.items] == names[50:100]


def test_people_without_a_name_are_paged_by_number(workspace: Workspace) -> None:
    for _ in range(60):
        make_contact(workspace, name="")
    rows = workspace.contacts.all()
    first = contact_book.page(workspace, rows, {})
    second = contact_book.page(workspace, rows, {"after": str(first.after)})
    numbers = [contact.number for contact in first.items + second.items]
    assert len(numbers) == 60
    assert numbers == sorted(numbers)


def test_a_wrong_mark_gives_the_first_page(
    client: Client, workspace: Workspace
) -> None:
    make_contact(workspace, name="Maria")
    assert "Maria" in client.get(LIST, {"after": "nonsense"}).content.decode()


def test_the_list_needs_as_many_queries_for_twenty_as_for_one(
    client: Client, workspace: Workspace
) -> None:
    connection = make_connection(workspace)
    agent = make_agent(connection)
    counts = []
    for more in (1, 19):
        for _ in range(more):
            make_call(connection, agent=agent, contact=make_contact(workspace))
        with CaptureQueriesContext(database) as captured:
            client.get(LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_htmx_gets_only_the_rows(client: Client, workspace: Workspace) -> None:
    make_contact(workspace, name="Maria")
    headers = {"HX-Request": "true", "HX-Target": "rows"}
    html = client.get(LIST, headers=headers).content.decode()
    assert html.strip().startswith('<section id="rows"')


def test_an_empty_list_says_what_to_do(client: Client) -> None:
    html = client.get(LIST).content.decode()
    assert "Add a contact" in html
    assert "Import a file" in html


def test_the_row_shows_the_last_call(workspace: Workspace) -> None:
    connection = make_connection(workspace)
    contact = make_contact(workspace)
    now = datetime.now(tz=UTC)
    make_call(connection, contact=contact, created_at=now - timedelta(hours=2))
    last = make_call(connection, contact=contact, created_at=now)
    assert contact_book.entries(workspace, [contact])[0].last_call == last


def test_a_number_on_the_list_shows_as_not_to_be_called(
    client: Client, workspace: Workspace
) -> None:
    contact = make_contact(workspace)
    workspace.suppressions.create(number=contact.number)
    html = client.get(LIST).content.decode()
    assert "Do not call" in html
    assert f"?contact={contact.pk}" not in html


# --- the time there
def test_the_zone_given_wins_over_the_number(workspace: Workspace) -> None:
    contact = make_contact(workspace, number="+14155550142", timezone="Asia/Tokyo")
    there = contact_book.local_time(contact, NIGHT)
    assert there is not None
    assert (str(there), there.is_late) == ("12:00", False)


def test_a_number_that_leaves_the_zone_open_shows_the_span(
    workspace: Workspace,
) -> None:
    there = contact_book.number_time(phone.parse("+18005550142"), NIGHT)
    assert there is not None
    assert " to " in str(there)


# --- one contact
def test_the_timeline_is_newest_first_and_goes_on(
    client: Client, workspace: Workspace
) -> None:
    connection = make_connection(workspace)
    contact = make_contact(workspace)
    now = datetime.now(tz=UTC)
    calls = [
        make_call(connection, contact=contact, created_at=now - timedelta(hours=age))
        for age in range(25)
    ]
    url = contact.get_absolute_url()
    first = client.get(url).context["page"]
    second = client.get(url, {"older": str(first.after)}).context["page"]
    assert first.items + second.items == calls


def test_another_workspaces_contact_is_not_there(client: Client) -> None:
    contact = make_contact(make_workspace())
    assert client.get(contact.get_absolute_url()).status_code == 404


# --- changing
def test_a_number_in_any_format_is_saved_as_e164(
    client: Client, workspace: Workspace
) -> None:
    save(client, number="(415) 555-0142", name=" Maria ")
    contact = workspace.contacts.get()
    assert (contact.number, contact.name) == ("+14155550142", "Maria")


def test_what_was_understood_is_said_while_typing(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "understood"}
    page = client.get("/contacts/new/", {"number": "+442079460958"}, headers=headers)
    assert "London, United Kingdom" in page.content.decode()
    assert "<html" not in page.content.decode()


def test_a_number_that_somebody_has_leads_to_them(
    client: Client, workspace: Workspace
) -> None:
    known = make_contact(workspace, name="Maria", number="+14155550142")
    page = save(client, number="415 555 0142")
    assert page.status_code == 422
    assert known.get_absolute_url() in page.content.decode()


def test_another_workspaces_number_is_free(
    client: Client, workspace: Workspace
) -> None:
    make_contact(make_workspace(), number="+14155550142")
    save(client)
    assert workspace.contacts.count() == 1


@pytest.mark.parametrize("number", ["12", "+49 1234567890123456", "1.41556E+10", ""])
def test_what_is_no_number_is_refused_in_words(
    client: Client, workspace: Workspace, number: str
) -> None:
    page = save(client, number=number)
    assert page.status_code == 422
    assert not workspace.contacts.exists()


def test_a_time_zone_is_checked_and_written_properly(
    client: Client, workspace: Workspace
) -> None:
    assert save(client, timezone="Mars/Olympus").status_code == 422
    save(client, timezone="europe/berlin")
    assert workspace.contacts.get().timezone == "Europe/Berlin"


def test_attributes_are_rows_of_name_and_value(
    client: Client, workspace: Workspace
) -> None:
    save(client, attribute_name=["plan", ""], attribute_value=["Premium", ""])
    assert workspace.contacts.get().attributes == {"plan": "Premium"}


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["my plan"], "Try “my_plan”"),
        (["plan", "plan"], "is there twice"),
        ([""], "has no name"),
    ],
)
def test_an_attribute_that_fits_no_variable_is_refused(
    client: Client, names: list[str], says: str
) -> None:
    page = save(client, attribute_name=names, attribute_value=["x"] * len(names))
    assert page.status_code == 422
    assert says in page.content.decode()


def test_an_edit_leaves_a_trace_of_before_and_after(
    client: Client, workspace: Workspace, manager: Member
) -> None:
    contact = make_contact(workspace, name="Maria", company="Brightside")
    save(client, contact, name="Mary", company="Brightside")
    entry = workspace.audit.get()
    assert (entry.before, entry.after) == ({"name": "Maria"}, {"name": "Mary"})
    assert entry.user == manager.user


def test_do_not_call_is_one_click_with_a_trace(
    client: Client, workspace: Workspace
) -> None:
    contact = make_contact(workspace)
    url = reverse("contact_do_not_call", args=[contact.pk])
    client.post(url, {"do_not_call": "on"})
    client.post(url, {"do_not_call": "on"})
    contact.refresh_from_db()
    assert contact.do_not_call
    assert workspace.audit.count() == 1


def test_deleting_asks_first_and_keeps_the_calls(
    client: Client, workspace: Workspace
) -> None:
    contact = make_contact(workspace)
    call = make_call(make_connection(workspace), contact=contact)
    url = reverse("contact_delete", args=[contact.pk])
    assert "Its 1 call stays" in client.get(url).content.decode()
    client.post(url)
    call.refresh_from_db()
    assert call.contact is None
    assert not Contact.objects.exists()


def test_whoever_is_not_to_be_called_stays_so_when_deleted(
    client: Client, workspace: Workspace
) -> None:
    contact = make_contact(workspace, do_not_call=True)
    client.post(reverse("contact_delete", args=[contact.pk]))
    assert workspace.suppressions.get().number == contact.number


# --- who may
def test_a_reviewer_reads_and_changes_nothing(
    client_of: ClientOf, reviewer: Member, workspace: Workspace
) -> None:
    contact = make_contact(workspace)
    client = client_of(reviewer)
    assert client.get(LIST).status_code == 200
    assert client.get(contact.get_absolute_url()).status_code == 200
    for name in ("contact_edit", "contact_delete", "contact_do_not_call"):
        url = reverse(name, args=[contact.pk])
        assert client.post(url, {"number": "+14155550199"}).status_code == 403
    assert client.post("/contacts/new/").status_code == 403
    assert workspace.contacts.get().number == contact.number


def test_a_reviewer_is_offered_nothing_to_change(
    client_of: ClientOf, reviewer: Member, workspace: Workspace
) -> None:
    contact = make_contact(workspace)
    html = client_of(reviewer).get(contact.get_absolute_url()).content.decode()
    for word in ("Call this contact", "Edit", "Never call"):
        assert word not in html
