"""The world the tests live in."""

from collections.abc import Callable

import pytest
from django.test import Client
from hypothesis import settings

from dashboard.models import Member, Role, Workspace
from tests.factories import make_member, make_workspace

# How long an example takes says something of the machine only.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def workspace() -> Workspace:
    """Return a workspace to be in."""
    return make_workspace(name="Acme", slug="acme")


@pytest.fixture
def admin(workspace: Workspace) -> Member:
    """Return the admin of the workspace."""
    return make_member(workspace, Role.ADMIN)


@pytest.fixture
def manager(workspace: Workspace) -> Member:
    """Return a sales manager of the workspace."""
    return make_member(workspace, Role.MANAGER)


@pytest.fixture
def reviewer(workspace: Workspace) -> Member:
    """Return a reviewer of the workspace."""
    return make_member(workspace, Role.REVIEWER)


@pytest.fixture
def client_of() -> Callable[[Member], Client]:
    """Return a function that logs a member in."""

    def log_in(member: Member) -> Client:
        client = Client()
        client.force_login(
            member.user, "allauth.account.auth_backends.AuthenticationBackend"
        )
        return client

    return log_in
