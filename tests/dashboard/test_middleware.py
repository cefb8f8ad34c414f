"""What every request passes first."""

from collections.abc import Callable

import pytest
from django.test import Client

from dashboard.models import Member


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/calls/new/suggest/?who=a%00b", "/calls/%00/"])
def test_an_address_with_a_nul_is_a_400(
    manager: Member, client_of: Callable[[Member], Client], path: str
) -> None:
    assert client_of(manager).get(path).status_code == 400


@pytest.mark.django_db
def test_caches_tell_a_page_from_its_part(
    manager: Member, client_of: Callable[[Member], Client]
) -> None:
    answer = client_of(manager).get("/calls/")
    assert "HX-Request" in answer.headers["Vary"]
