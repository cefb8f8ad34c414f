"""Which addresses we may send requests and secrets to, as far as one can see."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings

from agents.providers import careful

PRIVATE = (
    "This address is in a private network. Use a public one, or ask whoever runs this "
    "server to set ALLOW_PRIVATE_ADDRESSES."
)
PRIVATE_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def problem(url: str) -> str:
    """Say in words why requests may not go to `url`; empty when they may.

    Without ALLOW_PRIVATE_ADDRESSES only public HTTPS will do: else a connection could
    be used to reach machines that only this server can reach. What a name stands for
    is looked at when we connect (agents.providers.http).
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port  # raises where it is no number
        host.encode("idna")  # raises where no machine can be called so
    except ValueError:
        return "This is not a web address. Write it like https://api.example.com"
    if parts.scheme not in ("http", "https") or not host or " " in url:
        return "Begin the address with https:// and the name of a machine."
    if parts.username or parts.password:
        return "Leave the name and password out of the address; use the other fields."
    if settings.ALLOW_PRIVATE_ADDRESSES:
        return ""
    if parts.scheme != "https":
        return "Secrets only travel over HTTPS here. Begin the address with https://"
    if _is_private(host):
        return PRIVATE
    return ""


def problem_now(url: str) -> str:
    """Say as `problem` what is wrong with `url`, having looked its name up, too.

    That takes as long as the name server does: for when somebody saves an address.
    """
    wrong = problem(url)
    if wrong or settings.ALLOW_PRIVATE_ADDRESSES:
        return wrong
    parts = urlsplit(url)
    is_barred = careful.is_barred(parts.hostname or "", parts.port or 443)
    return PRIVATE if is_barred else ""


def _is_private(host: str) -> bool:
    """Tell whether a host is not on the internet, by its look alone."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        name = host.rstrip(".").lower()
        return "." not in name or f".{name}".endswith(PRIVATE_NAMES)
