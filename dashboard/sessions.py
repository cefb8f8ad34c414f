"""Who is logged in: asked at every page, by questions that are written once."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import BigIntegerField, CharField, DateTimeField
from django.utils import timezone

from dashboard.models import User
from dashboard.prepared import Given, Prepared

SESSION = Prepared(
    lambda: Session.objects.filter(
        session_key=Given("key", CharField()),
        expire_date__gt=Given("now", DateTimeField()),
    ).values_list("session_data", flat=True)
)
PERSON = Prepared(
    lambda: User.objects.filter(pk=Given("pk", BigIntegerField()), is_active=True)
)


class SessionStore(db.SessionStore):
    """Sessions in the database, as Django keeps them."""

    def load(self) -> dict[str, Any]:
        """Return what the session holds; one that is over, or never was, is left."""
        data = SESSION.first(key=self.session_key, now=timezone.now())
        if data is None:
            self._session_key = None
            return {}
        return self.decode(data)


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """People, as allauth logs them in."""

    def get_user(self, user_id: int) -> User | None:
        """Return who is logged in; None where they may not be any more."""
        return PERSON.first(pk=user_id)
