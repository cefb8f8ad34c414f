"""What "Check" says of a Klen AI account, and how to mend what is wrong."""

from collections.abc import Sequence

from agents.providers.base import (
    Check,
    Json,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
)
from agents.providers.klen import catalog, words
from agents.providers.klen.facts import count
from agents.providers.reading import mapping, text

# In seconds: a longer wait is none for the next minute.
LONG = 120.0
CALLING = Check(
    "Calling",
    True,
    "Not tried, as that would be a call: the key needs the permission to start calls "
    "(can_initiate_calls), and the wallet must cover each call.",
)


def word(error: ProviderError) -> str:
    """Return Klen's own word for an error; empty where it gave none."""
    return text(mapping(error.body).get("error"), 80)


def agents(found: Sequence[Json]) -> Check:
    """Say how many agents there are, and which of them cannot make calls."""
    said = f"{len(found)} agents can be read." if found else "There is no agent yet."
    if mute := [catalog.name(row) for row in found if catalog.is_mute(row)]:
        said += f" Without a number, these cannot make calls: {', '.join(mute[:10])}."
    return Check("Agents", True, said)


def calls(answer: Json) -> Check:
    """Say that calls can be read."""
    known = count(answer.get("count"))
    said = "Calls can be read." if known is None else f"{known} calls can be read."
    return Check("Calls", True, said)


def webhooks(header: str, encoding: str, secret: str) -> Check:
    """Say how webhooks are checked, and that this is not proven yet."""
    if not secret:
        words_ = (
            "No webhook secret is set, so a webhook is never believed by itself: each "
            "one makes us ask Klen AI. Why a call failed stays unknown then."
        )
        return Check("Webhooks", True, words_)
    words_ = (
        f"Signatures are read from {header}, as the HMAC-SHA256 of the body in "
        f"{encoding}. Klen AI's own description of them could not be read: this is "
        "unverified until a first webhook arrives here. If none does, try the other "
        "encoding, or empty the webhook secret: calls are then asked for instead."
    )
    return Check("Webhooks", True, words_)


def of_a_dial(error: ProviderBusy) -> ProviderError:
    """Say what "busy" means for a dial: a long wait is for the next day's calls.

    Which of its limits was hit Klen does not say; the one of a minute is over in one
    (sheet, section 0). Nobody wants to be called so much later.
    """
    wait = error.retry_after or 0.0
    if wait <= LONG:
        return error
    said = (
        f"{error.message.rstrip('.')}. It asks to wait for {wait / 60:.0f} minutes, so "
        "its calls for today are probably used up. Try again later, or have the limit "
        "raised in Klen AI."
    )
    return ProviderRefused(said, status=error.status, code="concurrency_limit")


def ends_here(error: ProviderError) -> bool:
    """Tell whether nothing else need be tried: no key, or nobody there."""
    return word(error) in words.NO_KEY or word(error) not in words.KNOWN


def mend(error: ProviderError) -> str:
    """Say what to do about a failed check."""
    said = word(error)
    if said in words.NO_KEY:
        return f"{error.message} Paste the API key again, or make a new one."
    if said == "permission_denied":
        return f"{error.message} Give the key this permission in Klen AI."
    if said not in words.KNOWN and error.status in (401, 403):
        return f"{error.message} Look at the address of the API and at the key."
    if said not in words.KNOWN and error.status == 404:
        return f"{error.message} No Klen AI answers there: look at the address."
    return error.message
