"""A workspace never sees another's rows: every address, walked as a stranger."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from calls.models import CallStatus, ContactImport, SavedView, Wallet
from dashboard.models import ApiKey, AuditEntry, Member, Role, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_member,
    make_number,
    make_workspace,
)

pytestmark = pytest.mark.django_db

# Addresses that take no id of a row, or are open to whoever knows an unguessable one.
OPEN = {"webhook", "recording_by_provider_id", "compat"}


def patterns(
    resolver: URLResolver | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Yield every address of the project with its pattern."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, path)
        else:
            yield path, entry


WITH_IDS = [
    (path, str(pattern.name))
    for path, pattern in patterns()
    if "<" in path
    and not path.startswith(("accounts/", "api/"))
    and pattern.name not in OPEN
]


@pytest.fixture
def theirs() -> dict[str, Any]:
    """Return one row of each kind in another workspace, by the word in an address."""
    workspace = make_workspace(name="Secretive", slug="secretive")
    connection = make_connection(workspace, name="Hush")
    agent = make_agent(connection, name="Hush agent", versions=2)
    number = make_number(connection, label="Hush line")
    contact = make_contact(workspace, name="Hush Person")
    member = make_member(workspace, name="Hush Member")
    entry = AuditEntry.record(
        workspace, "number.bind", subject="Hush", user=member.user
    )
    call = make_call(connection, contact=contact, status=CallStatus.IN_PROGRESS)
    file = ContactImport.objects.create(
        workspace=workspace, filename="hush.csv", data=b"name\n", total=1
    )
    return {
        "workspace": workspace,
        "calls/": call.pk,
        "calls/views/": SavedView.objects.create(
            workspace=workspace, owner=member.user, name="Hush", is_shared=True
        ).pk,
        "contacts/import/": file.pk,
        "contacts/": contact.pk,
        "agents/": agent.pk,
        "numbers/": number.pk,
        "connections/": connection.pk,
        "settings/people/": member.pk,
        "settings/keys/": ApiKey.issue(workspace, "Hush", [])[0].pk,
        "settings/webhooks/": workspace.endpoints.create(
            dialect="native", url="https://hush.example/", name="Hush"
        ).pk,
        "settings/money/rates/": Wallet.objects.create(workspace=workspace, rate=1)
        .rates.create(connection=connection, per_minute=1)
        .pk,
        "calls/looks/": workspace.looks.create(call=call, reason="failed").pk,
        "settings/looks/": workspace.look_rules.create(name="Hush", query="q=x").pk,
        "settings/variables/": workspace.context_variables.create(
            scope="contact", name="hush", label="Hush"
        ).pk,
        "settings/do-not-call/": workspace.suppressions.create(
            number="+14155550177"
        ).pk,
        "entry": entry.pk,
    }


def address_of(path: str, theirs: dict[str, Any]) -> str:
    """Put the ids of the other workspace's rows into an address."""
    start = next(s for s in sorted(theirs, key=len, reverse=True) if path.startswith(s))
    parts = []
    for part in f"/{path}".split("/"):
        is_entry = "entry" in part
        row = theirs["entry"] if is_entry else theirs[start]
        parts.append(str(row) if part.startswith("<") else part)
    return "/".join(parts)


@pytest.mark.parametrize(("path", "name"), WITH_IDS, ids=[n for _, n in WITH_IDS])
def test_a_stranger_finds_nothing(
    path: str,
    name: str,
    theirs: dict[str, Any],
    admin: Member,
    client_of: Callable[[Member], Client],
) -> None:
    client, address = client_of(admin), address_of(path, theirs)
    for answer in (client.get(address), client.post(address)):
        assert answer.status_code in {404, 405}, f"{name}: {answer.status_code}"
        assert b"Hush" not in answer.content


def test_the_walk_is_long_enough() -> None:
    assert len(WITH_IDS) >= 20


def test_lists_show_nothing_of_others(
    theirs: dict[str, Any], admin: Member, client_of: Callable[[Member], Client]
) -> None:
    client = client_of(admin)
    lists = [p for p, _ in patterns() if "<" not in p and p.endswith("/")]
    searches = ["palette/?q=ush", "calls/?q=ush", "contacts/?q=ush", "agents/?q=ush"]
    for path in [*lists, "", *searches]:
        if not path.startswith(("accounts/", "api/")):
            assert b"Hush" not in client.get(f"/{path}").content, path


def test_a_form_with_a_strangers_ids_starts_nothing(
    theirs: dict[str, Any],
    workspace: Workspace,
    admin: Member,
    client_of: Callable[[Member], Client],
) -> None:
    form = {
        "to_number": "+14155550100",
        "who": "+14155550100",
        "agent": str(theirs["agents/"]),
        "number": str(theirs["numbers/"]),
        "contact": str(theirs["contacts/"]),
        "launch_key": "0d5cf9a8-4f05-4a9a-8f4b-7d0c8a0c7a11",
    }
    assert client_of(admin).post("/calls/new/", form).status_code == 422
    assert not workspace.calls.exists()


def test_a_person_without_a_workspace_gets_no_page(
    client_of: Callable[[Member], Client], workspace: Workspace
) -> None:
    member = make_member(workspace, Role.ADMIN)
    client = client_of(member)
    member.delete()
    assert client.get("/calls/").status_code == 403


def test_without_logging_in_every_page_leads_to_the_log_in() -> None:
    for path, _ in patterns():
        page = "<" not in path and not path.startswith(
            ("accounts/", "api/", "healthz", "readyz", "metrics")
        )
        if page:
            answer = Client().get(f"/{path}")
            assert answer.status_code in {302, 405}, path
            if answer.status_code == 302:
                assert answer.headers["Location"].startswith("/accounts/login/"), path
