"""Rows for tests, as plain functions; every argument has a usual value."""

from itertools import count
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client

from agents.models import Agent, Connection, PhoneNumber
from calls.models import Call, CallStatus, Contact, Source
from dashboard.models import Member, Role, User, Workspace
from dashboard.sessions import SessionStore

numbers = count(1)


def make_workspace(**fields: Any) -> Workspace:
    """Make a workspace with a name and slug of its own."""
    number = next(numbers)
    fields.setdefault("name", f"Workspace {number}")
    fields.setdefault("slug", f"workspace-{number}")
    return Workspace.objects.create(**fields)


def make_member(
    workspace: Workspace, role: str = Role.ADMIN, email: str = "", name: str = ""
) -> Member:
    """Make a person with a role in the workspace, and without a password."""
    user = User.objects.create_user(email or f"person{next(numbers)}@example.com")
    if name:
        user.name = name
        user.save(update_fields=["name"])
    return Member.objects.create(workspace=workspace, user=user, role=role)


def make_browser(user: User) -> Client:
    """Return a browser of somebody, with a session as Django's `login` leaves one.

    `Client.force_login` writes it three times, and that a thousand times a round.
    """
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    browser = Client()
    assert session.session_key
    browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return browser


def make_connection(workspace: Workspace, **fields: Any) -> Connection:
    """Make a connection; the simulator where no provider is given."""
    fields.setdefault("provider", "simulator")
    fields.setdefault("name", f"Connection {next(numbers)}")
    return Connection.objects.create(workspace=workspace, **fields)


def make_agent(connection: Connection, versions: int = 1, **fields: Any) -> Agent:
    """Make an agent with versions 0, 1, …, the last one unpublished."""
    texts = {
        "prompt": fields.pop("prompt", "You call {{first_name}} about {{plan}}."),
        "opening_line": fields.pop("opening_line", "Hello {{first_name}}!"),
    }
    fields.setdefault("name", f"Agent {next(numbers)}")
    fields.setdefault("provider_agent_id", f"agent_{next(numbers)}")
    agent = Agent.objects.create(
        workspace=connection.workspace, connection=connection, **fields
    )
    for version in range(versions):
        agent.versions.create(
            version=version, is_published=version < versions - 1, **texts
        )
    return agent


def make_number(connection: Connection, **fields: Any) -> PhoneNumber:
    """Make a phone number of the connection."""
    fields.setdefault("number", f"+1628555{next(numbers) + 1000:04d}")
    return PhoneNumber.objects.create(
        workspace=connection.workspace, connection=connection, **fields
    )


def make_contact(workspace: Workspace, **fields: Any) -> Contact:
    """Make a contact with a number of its own."""
    fields.setdefault("name", "Jamie Doe")
    fields.setdefault("number", f"+1415{5551000 + next(numbers)}")
    return Contact.objects.create(workspace=workspace, **fields)


def make_call(connection: Connection, **fields: Any) -> Call:
    """Make a call row as it is; no lifecycle runs."""
    fields.setdefault("status", CallStatus.QUEUED)
    fields.setdefault("source", Source.BUTTON)
    fields.setdefault("to_number", "+14155550100")
    return Call.objects.create(
        workspace=connection.workspace, connection=connection, **fields
    )
