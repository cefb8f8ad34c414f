"""Who is logged in, and who is not any more."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.models import Member

pytestmark = pytest.mark.django_db
LogIn = Callable[[Member], Client]


def is_in(client: Client) -> bool:
    answer = client.get("/")
    assert answer.status_code in (200, 302)
    return answer.status_code == 200


def test_who_logged_in_stays_in_and_is_asked_for_twice(
    client_of: LogIn, manager: Member
) -> None:
    client = client_of(manager)
    assert is_in(client)
    with CaptureQueriesContext(connection) as asked:
        client.get("/")
    first = asked.captured_queries[:2]
    told = [query["sql"].split(" FROM ")[1].split()[0] for query in first]
    assert told == ['"django_session"', '"dashboard_user"']


def test_a_session_that_is_over_lets_nobody_in(
    client_of: LogIn, manager: Member
) -> None:
    client = client_of(manager)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_in(client)


def test_a_session_that_was_ended_elsewhere_lets_nobody_in(
    client_of: LogIn, manager: Member
) -> None:
    here, there = client_of(manager), client_of(manager)
    Session.objects.get(session_key=there.cookies["sessionid"].value).delete()
    assert is_in(here)
    assert not is_in(there)


def test_a_key_that_nobody_was_given_is_not_kept(manager: Member) -> None:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "k" * 32
    assert not is_in(client)
    given = client.cookies.get(settings.SESSION_COOKIE_NAME)
    assert given is None or given.value != "k" * 32


def test_who_may_not_log_in_any_more_is_out_at_once(
    client_of: LogIn, manager: Member
) -> None:
    client = client_of(manager)
    manager.user.is_active = False
    manager.user.save()
    assert not is_in(client)
    manager.user.is_active = True
    manager.user.save()
    assert is_in(client)
    manager.delete()
    manager.user.delete()
    assert not is_in(client)


def test_a_new_password_ends_other_sessions(client_of: LogIn, manager: Member) -> None:
    client = client_of(manager)
    manager.user.set_password("another-one")
    manager.user.save()
    assert not is_in(client)
