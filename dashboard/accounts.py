"""How people get in: by invitation of an admin, never by signing up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no: an admin adds people."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Go back to where the password was asked to be changed from."""
        return reverse("settings_account")
