"""Pages of context variables, and where other pages show them."""

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from calls.models import Contact, ContextVariable
from dashboard.models import AuditEntry, Member, Workspace
from tests.factories import make_agent, make_connection, make_contact, make_workspace

pytestmark = pytest.mark.django_db
ClientOf = Callable[[Member], Client]
PAGE = "/settings/variables/"
HOURS = {
    "scope": "business",
    "name": "hours",
    "label": "Opening hours",
    "kind": "text",
    "value": "9 to 5",
}


@pytest.fixture
def client(client_of: ClientOf, admin: Member) -> Client:
    """Return the browser of an admin."""
    return client_of(admin)


@pytest.fixture
def hours(workspace: Workspace) -> ContextVariable:
    """Return something that is known of the business."""
    fields: dict[str, Any] = {**HOURS}
    return workspace.context_variables.create(**fields)


def text(answer: Any) -> str:
    """Return what a page says."""
    return html.unescape(answer.content.decode())


def test_a_variable_is_defined_on_the_page(
    client: Client, workspace: Workspace
) -> None:
    assert client.post(PAGE, HOURS).status_code == 302
    row = workspace.context_variables.get()
    assert (row.placeholder, row.value) == ("business_hours", "9 to 5")
    shown = text(client.get(PAGE))
    assert "{{business_hours}}" in shown
    assert "9 to 5" in shown
    assert AuditEntry.objects.get().action == "variable added"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "two words"}, "no name for a variable"),
        ({"kind": "number"}, "hours must be a number"),
        ({"kind": "select"}, "needs an option"),
        ({"scope": "contact"}, "Each contact has its own value"),
        ({"label": ""}, "required"),
    ],
)
def test_a_variable_that_cannot_be_kept_is_refused_at_its_field(
    client: Client, changes: dict[str, str], says: str
) -> None:
    answer = client.post(PAGE, HOURS | changes)
    assert answer.status_code == 422
    assert says in text(answer)
    assert not ContextVariable.objects.exists()


def test_a_list_has_the_options_that_were_typed(
    client: Client, workspace: Workspace
) -> None:
    tier = {"scope": "contact", "name": "tier", "label": "Tier", "kind": "select"}
    client.post(PAGE, tier | {"options": "Silver\n\n Gold \nSilver"})
    row = workspace.context_variables.get()
    assert row.options == ["Silver", "Gold"]
    shown = text(client.get(f"{PAGE}{row.pk}/"))
    assert "Silver\nGold" in shown
    assert 'name="value"' not in shown


def test_a_variable_is_changed_but_keeps_its_name(
    client: Client, hours: ContextVariable
) -> None:
    wish = HOURS | {"name": "other", "value": "8 to 6"}
    assert client.post(f"{PAGE}{hours.pk}/", wish).status_code == 302
    hours.refresh_from_db()
    assert (hours.name, hours.value) == ("hours", "8 to 6")
    wrong = client.post(f"{PAGE}{hours.pk}/", HOURS | {"kind": "date"})
    assert wrong.status_code == 422


def test_a_variable_is_deleted_and_attributes_stay(
    client: Client, workspace: Workspace
) -> None:
    contact = make_contact(workspace, attributes={"plan": "Pro"})
    row = workspace.context_variables.create(scope="contact", name="plan", label="Plan")
    assert client.post(f"{PAGE}{row.pk}/remove/").status_code == 302
    assert not ContextVariable.objects.exists()
    contact.refresh_from_db()
    assert contact.attributes == {"plan": "Pro"}


def test_only_admins_change_and_everybody_reads(
    client_of: ClientOf, reviewer: Member, hours: ContextVariable
) -> None:
    reader = client_of(reviewer)
    shown = text(reader.get(PAGE))
    assert "Opening hours" in shown
    assert "Define a variable" not in shown
    for address in (PAGE, f"{PAGE}{hours.pk}/", f"{PAGE}{hours.pk}/remove/"):
        assert reader.post(address, HOURS).status_code == 403
    assert ContextVariable.objects.count() == 1


def test_a_strangers_variable_is_not_there(client: Client) -> None:
    row = make_workspace().context_variables.create(
        scope="contact", name="plan", label="Plan"
    )
    assert client.get(f"{PAGE}{row.pk}/").status_code == 404
    assert client.post(f"{PAGE}{row.pk}/remove/").status_code == 404


# --- On other pages ------------------------------------------------------------------
@pytest.fixture
def contact(workspace: Workspace) -> Contact:
    """Return a contact with an attribute that is a variable."""
    workspace.context_variables.create(
        scope="contact", name="seats", label="Number of seats", kind="number"
    )
    return make_contact(
        workspace, name="Jamie", number="+14155550142", attributes={"seats": "12"}
    )


def test_a_contacts_page_names_its_variables(client: Client, contact: Contact) -> None:
    shown = text(client.get(contact.get_absolute_url()))
    assert "Number of seats" in shown
    form = text(client.get(f"{contact.get_absolute_url()}edit/"))
    assert "Number of seats: a number" in form


def test_an_attribute_must_be_of_its_kind(client: Client, contact: Contact) -> None:
    wish = {"number": contact.number, "attribute_name": ["seats"]}
    address = f"{contact.get_absolute_url()}edit/"
    refused = client.post(address, wish | {"attribute_value": ["many"]})
    assert refused.status_code == 422
    assert "seats must be a number" in text(refused)
    contact.refresh_from_db()
    assert contact.attributes == {"seats": "12"}
    assert client.post(address, wish | {"attribute_value": [" 14 "]}).status_code == 302
    contact.refresh_from_db()
    assert contact.attributes == {"seats": "14"}


def test_the_call_form_says_what_is_of_the_business(
    client: Client, hours: ContextVariable
) -> None:
    line = make_connection(hours.workspace)
    agent = make_agent(line, prompt="We are open {{business_hours}}.")
    shown = text(client.get(f"/calls/new/?agent={agent.pk}"))
    assert "from the business" in shown
    assert 'value="9 to 5"' in shown
