"""itellico AI as we call it: calls, agents, numbers, webhooks.

Reference: https://docs.itellico.ai/api-reference/calls/create-call
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from agents.providers import http
from agents.providers.base import (
    Account,
    AgentFacts,
    BindingFacts,
    CallHandle,
    CallRequest,
    CallUpdate,
    Check,
    Json,
    LaunchWish,
    NumberFacts,
    Page,
    Provider,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    Setting,
    WishRefused,
)
from agents.providers.itellico import checking, facts, signing, words
from agents.providers.itellico.api import PAGE, UNKNOWN, Api, goes_on
from agents.providers.itellico.wish import refusal, unoffered, wish, with_join
from agents.providers.reading import EPOCH, iso, mapping, rows, text


class Itellico(Provider):
    """itellico AI."""

    slug = "itellico"
    label = "itellico AI"
    default_base_url = "https://api.itellico.ai"
    documentation = "https://docs.itellico.ai/accounts/api-keys"
    settings = (
        Setting(
            "api_key",
            "API key",
            "In itellico under Settings, Developers, API keys. It acts with the "
            "permissions of the person it belongs to.",
        ),
        Setting(
            "account_id",
            "Account id",
            "Leave it empty for the account the key belongs to; “Check” shows its id. "
            "For a subaccount, write the id of that.",
            is_secret=False,
            is_required=False,
        ),
        Setting(
            "webhook_secret",
            "Webhook secret",
            "itellico makes it and shows it once, under Settings, Developers, Webhooks. "
            "Before you set it here, make sure of the two header names below. Without "
            "it webhooks are taken unsigned, as hints to go and ask.",
            is_required=False,
        ),
        Setting(
            "signature_header",
            "Signature header",
            "The name of the header that carries a webhook's signature. What stands "
            "here is our placeholder: look the name up in your itellico dashboard or "
            "its webhook guide, and correct it.",
            is_secret=False,
            is_required=False,
            default=words.SIGNATURE_HEADER,
        ),
        Setting(
            "timestamp_header",
            "Timestamp header",
            "The name of the header that carries the time which is signed along. A "
            "placeholder as well: look it up and correct it.",
            is_secret=False,
            is_required=False,
            default=words.TIMESTAMP_HEADER,
        ),
    )
    can_bind_inbound = True
    has_web_calls = True
    has_overrides = True
    # They are signed where a secret is set, and even then they tell less than a call
    # that is asked for (sheet, section 10.2).
    webhooks_are_hints = True
    # No event is described for a call that nobody answers (section 7.1).
    webhooks_may_miss = True
    # Soon enough to follow a call; how many requests they allow is not published.
    poll_after = timedelta(seconds=10)

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        usual = {row.name: row.default for row in self.settings}
        given = {name: value for name, value in account.credentials.items() if value}
        base = account.base_url or self.default_base_url
        whole = replace(account, base_url=base, credentials=usual | given)
        self.api = Api(whole, self.label)

    @property
    def checks_signatures(self) -> bool:
        """Whether there is a secret to check webhooks with."""
        return bool(self.api.setting("webhook_secret"))

    # --- calls
    def place_call(self, request: CallRequest) -> CallUpdate:
        """Ask for the call, once.

        Whether a repeat with the same `external_id` dials again is not documented; a
        conflict may mean that the call is there. Both are looked up, not tried.
        """
        why = unoffered(request, self.label) or refusal(request, self.label)[1]
        if why:
            raise WishRefused(why)
        path = self.api.dialling_path()
        now = _now()
        try:
            parts = {"json": wish(request), "read_seconds": http.DIAL_SECONDS}
            call = mapping(self.api.ask("POST", path, **parts))
        except ProviderRefused as error:
            raise _of_a_dial(error) from None
        if call.get("success") is False:
            raise ProviderUnclear(f"{self.label} says that creating the call failed.")
        if not text(call.get("id")):
            raise ProviderUnclear(f"{self.label} answered without a call id.")
        update = facts.call_update(call, now, self.api.base)
        return with_join(update, call) if request.type == "web" else update

    def fetch_call(self, handle: CallHandle) -> CallUpdate | None:
        """Return what itellico knows of the call; None when it does not know the id."""
        try:
            path = self.api.path("calls", handle.provider_call_id)
            call = mapping(self.api.ask("GET", path))
        except ProviderRefused as error:
            if error.status in UNKNOWN:
                return None
            raise
        if text(call.get("id")) != handle.provider_call_id:
            raise ProviderUnclear(f"{self.label} answered with another call.")
        return facts.call_update(call, _now(), self.api.base)

    def find_call(self, handle: CallHandle) -> CallUpdate | None:
        """Look for the call that carries our reference; None: it is not there."""
        reference = handle.request.reference
        page = self.api.page("calls", external_id=reference)
        updates = map(self._listed, _calls_of(page))
        # Should the filter be ignored one day, a stranger's call must not be ours.
        found = [
            update
            for update in updates
            if update.reference == reference
            and update.provider_call_id not in handle.taken
        ]
        if len(found) > 1:
            raise ProviderUnclear(
                f"{self.label} has {len(found)} calls with the reference of this one; a "
                "person must decide which of them it is."
            )
        return found[0] if found else None

    def list_calls(self, since: datetime, cursor: str = "") -> Page[CallUpdate]:
        """Return calls made at or after `since`, by pages, without what was said.

        Their order is not documented; within a page the newest come first. A page that
        is not full is the last one, unless their count says otherwise (section 0).
        """
        offset = int(cursor) if cursor.isascii() and cursor.isdigit() else 0
        after = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        page = self.api.page("calls", created_after=after, limit=PAGE, offset=offset)
        newest = sorted(_calls_of(page), key=_made_at, reverse=True)
        calls = tuple(map(self._listed, newest))
        count = len(page["items"])
        reached = offset + count
        return Page(calls, str(reached) if goes_on(page, reached, count) else "")

    def _listed(self, row: Json) -> CallUpdate:
        return facts.call_update(row, _now(), self.api.base)

    # --- agents and numbers
    def list_agents(self) -> Iterable[AgentFacts]:
        """Yield every agent that is not archived; they have no versions."""
        for row in self.api.all("agents"):
            yield facts.agent(row)

    def list_numbers(self) -> Iterable[NumberFacts]:
        """Yield every phone number with who answers it."""
        for row in self.api.all("phone-numbers"):
            if text(row.get("number")):
                yield facts.number(row)

    def bind(self, number: str, direction: str, binding: BindingFacts) -> None:
        """Have an agent answer the number, or nobody; a number has no outbound agent."""
        if direction != "inbound":
            raise WishRefused(f"{self.label} keeps no outbound agent on a number.")
        if binding.version is not None:
            raise WishRefused(
                f"{self.label} has no versions of agents. Choose “always the latest”."
            )
        listed = self.api.all("phone-numbers")
        row = next((row for row in listed if row.get("number") == number), None)
        if row is None:
            raise WishRefused(f"{self.label} no longer has {number}. Sync, then look.")
        body = {"inbound_agent_id": binding.agent_id or None}
        path = self.api.path("phone-numbers", text(row["id"]))
        self.api.ask("PATCH", path, json=body)

    def check(self) -> list[Check]:
        """Try the key, then the account id, then what may be read with both."""
        return checking.check(self.api)

    # --- webhooks
    def signature_headers(self) -> tuple[str, ...]:
        """Return the headers that carry the signature and its time, as configured."""
        names = (
            self.api.setting("signature_header"),
            self.api.setting("timestamp_header"),
        )
        return tuple(name.lower() for name in names)

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> bool:
        """Check the signature, where there is a secret to check it with."""
        if not self.checks_signatures:
            return True
        secret = self.api.setting("webhook_secret")
        signature, written = (headers.get(n, "") for n in self.signature_headers())
        return signing.fits(body, secret, signature, written, now)

    def parse_webhook(self, payload: Any, received_at: datetime) -> list[CallUpdate]:
        """Turn an event into an update that asks for the call itself."""
        event = mapping(payload)
        name, data = text(event.get("event_type"), 80), mapping(event.get("data"))
        if name not in words.EVENTS or not text(data.get("conversation_uuid")):
            return []
        told_at = iso(event.get("created")) or received_at
        found = facts.event_update(name, data, min(told_at, received_at), self.api.base)
        return [replace(found, ask_again_at=received_at)]

    # --- what is wished, recordings
    def refuse_wish(self, wish: LaunchWish) -> tuple[str, str]:
        """Refuse what itellico has no words for."""
        return refusal(wish, self.label)

    def recording(self, url: str) -> tuple[str, dict[str, str]]:
        """Return the address; our key goes along to the account's own host only."""
        return url, self.api.headers() if self.api.is_own(url) else {}


def _of_a_dial(error: ProviderRefused) -> ProviderError:
    """Say what a refusal means for a dial: a conflict leaves open whether it rings.

    Which code words a refused call comes with is not documented; that a 422 names the
    fields that are wrong is (section 0).
    """
    if error.status == 409:
        return ProviderUnclear(error.message, status=409)
    named = [text(row.get("field")) for row in rows(mapping(error.body).get("errors"))]
    if error.status != 422 or not any(name.endswith("to_number") for name in named):
        return error
    return ProviderRefused(error.message, status=422, code="invalid_number")


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _calls_of(page: Json) -> list[Json]:
    """Return the calls of a page; what has no id cannot be one."""
    return [row for row in rows(page["items"]) if text(row.get("id"))]


def _made_at(row: Json) -> datetime:
    return iso(row.get("created")) or EPOCH
