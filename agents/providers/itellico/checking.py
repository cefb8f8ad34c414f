"""Trying an account at itellico, and saying what works and what does not."""

from functools import partial

from agents.providers import checking
from agents.providers.base import Check, ProviderError, ProviderRefused
from agents.providers.itellico.api import UNKNOWN, Api
from agents.providers.reading import text

# Where one of these fails, nothing behind it can work.
FIRST = ("API key", "Account")


def check(api: Api) -> list[Check]:
    """Try the key, then the account id, then what may be read with both."""
    looks = (
        ("API key", partial(_key, api)),
        ("Account", partial(_account, api)),
        ("Agents", partial(_list, api, "agents")),
        ("Phone numbers", partial(_list, api, "phone-numbers")),
        ("Calls", partial(_list, api, "calls")),
    )
    after = [Check("Webhooks", True, _webhooks(api))]
    return checking.tried(looks, _mend, vital=FIRST, after=after)


def _key(api: Api) -> str:
    name = text(api.own_account().get("name"), 200)
    return f"The key belongs to {name}." if name else "The key is accepted."


def _account(api: Api) -> str:
    """Look at the account in the paths; a key may also act on subaccounts of its own."""
    own, given = api.own_account(), api.setting("account_id")
    if own.get("is_active") is False:
        raise ProviderRefused("The account is switched off there.")
    if given in ("", own["id"]):
        return f"The account is the key's own, {own['id']}."
    api.page("agents", limit=1)
    return f"The key may act on the account {given}, which is not its own."


def _list(api: Api, kind: str) -> str:
    api.page(kind, limit=1)
    return f"{kind.replace('-', ' ').capitalize()} can be listed."


def _webhooks(api: Api) -> str:
    if not api.setting("webhook_secret"):
        return (
            "No webhook secret is set: webhooks are taken unsigned, as hints to go and "
            "ask."
        )
    signature, time = api.setting("signature_header"), api.setting("timestamp_header")
    return (
        f"Signatures are checked with the webhook secret; they are read from {signature} "
        f"and {time}. If webhooks are refused, compare these names with {api.label}."
    )


def _mend(name: str, error: ProviderError) -> str:
    """Say what to do about a failed check."""
    said = error.message.rstrip(".") + "."
    if error.status == 401:
        return f"{said} Paste the API key again, or make a new one."
    if name == "Account" and error.status in (403, *UNKNOWN):
        return f"{said} Check the account id, or leave it empty for the key's own."
    if error.status == 403:
        return f"{said} The person the key belongs to lacks this permission."
    return said
