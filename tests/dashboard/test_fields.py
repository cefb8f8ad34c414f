"""Stored secrets: what no key decrypts can be carried about, but never used."""

from copy import copy

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from agents.models import Connection
from agents.providers.base import ProviderError
from dashboard.fields import Sealed
from dashboard.models import Workspace
from tests.factories import make_connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def locked(workspace: Workspace, settings: Settings) -> Connection:
    """Return a connection whose key was lost."""
    make_connection(workspace, provider="retell", credentials={"api_key": "k"})
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    return Connection.objects.get()


def test_a_row_can_be_read_without_its_secret(locked: Connection) -> None:
    assert locked.name
    assert isinstance(copy(locked).credentials, Sealed)


@pytest.mark.parametrize(
    "use",
    [
        lambda sealed: sealed["api_key"],
        lambda sealed: sealed.get("api_key"),
        lambda sealed: {} | sealed,
        lambda sealed: "api_key" in sealed,
        list,
        len,
        bool,
        str,
    ],
)
def test_no_use_of_it_goes_through(locked: Connection, use: object) -> None:
    with pytest.raises(ImproperlyConfigured, match="Put the old key back"):
        use(locked.credentials)  # type: ignore[operator]


def test_it_is_never_written_over(locked: Connection, settings: Settings) -> None:
    lost = settings.CREDENTIAL_KEYS
    with pytest.raises(ImproperlyConfigured), transaction.atomic():
        locked.save()
    settings.CREDENTIAL_KEYS = []
    assert lost
    assert Connection.objects.get().credentials == {"api_key": "k"}


def test_its_account_is_refused_in_words(locked: Connection) -> None:
    with pytest.raises(ProviderError, match="Put the old key back"):
        locked.client()


def test_a_webhook_meanwhile_is_not_taken(locked: Connection) -> None:
    client = Client(raise_request_exception=False)
    url = f"/webhooks/{locked.webhook_token}/"
    answer = client.post(url, b"{}", content_type="application/json")
    assert answer.status_code >= 400
