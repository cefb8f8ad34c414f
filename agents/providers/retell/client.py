"""Retell AI as we call it: calls, numbers, webhooks. Agents are read in `catalog.py`.

Reference: https://docs.retellai.com/api-references/create-phone-call
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from agents.providers import badge, checking, http
from agents.providers.base import (
    AgentFacts,
    BindingFacts,
    CallHandle,
    CallRequest,
    CallUpdate,
    Check,
    InboundCall,
    Json,
    NumberFacts,
    Page,
    Provider,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    Setting,
    WishRefused,
)
from agents.providers.reading import mapping, rows, text
from agents.providers.retell import catalog, facts, words
from agents.providers.retell.wish import wish, with_join
from agents.providers.voicewire.facts import (
    INBOUND_MARKER,
    event_of,
    inbound,
    inbound_answer,
)
from agents.providers.voicewire.shares import shares
from agents.providers.voicewire.words import REFERENCE

# They say "not found" with 422: an unknown call, agent or number id.
UNKNOWN = (404, 422)
PAGE = 200


class Retell(Provider):
    """Retell AI."""

    slug = "retell"
    label = "Retell AI"
    default_base_url = "https://api.retellai.com"
    documentation = "https://docs.retellai.com/accounts/manage-api-keys"
    settings = (
        Setting("api_key", "API key", "In Retell under Settings, API keys."),
        Setting(
            "webhook_key",
            "Webhook key",
            "The API key that carries the webhook badge in Retell. Leave it empty "
            "when it is the same key.",
            is_required=False,
        ),
    )
    can_hang_up = True
    can_bind_inbound = True
    can_bind_outbound = True
    has_shares = True
    has_versions = True
    has_web_calls = True
    has_sip_headers = True
    has_overrides = True
    dials_once = True
    bought_numbers_call: ClassVar[Mapping[str, frozenset[str]]] = words.BOUGHT_CALL
    override_groups = words.OVERRIDE_GROUPS
    inbound_marker = INBOUND_MARKER

    # --- calls
    def place_call(self, request: CallRequest) -> CallUpdate:
        """Ask for the call, once; the reference makes a repeat harmless for an hour."""
        if request.trunk_name:
            raise WishRefused(
                f"{self.label} offers no choice of trunk. Leave the trunk name out."
            )
        path, body = wish(request)
        now = _now()
        answer = self.ask("POST", path, json=body, read_seconds=http.DIAL_SECONDS)
        call = mapping(answer)
        if not text(call.get("call_id")):
            raise ProviderUnclear(f"{self.label} answered without a call id.")
        update = facts.call_update(call, now)
        return with_join(update, call) if request.type == "web" else update

    def fetch_call(self, handle: CallHandle) -> CallUpdate | None:
        """Return what Retell knows of the call; None when it does not know the id."""
        path = f"/v2/get-call/{_part(handle.provider_call_id)}"
        try:
            answer = mapping(self.ask("GET", path))
        except ProviderRefused as error:
            if error.status in UNKNOWN:
                return None
            raise
        if text(answer.get("call_id")) != handle.provider_call_id:
            raise ProviderUnclear(f"{self.label} answered with another call.")
        return facts.call_update(answer, _now())

    def find_call(self, handle: CallHandle) -> CallUpdate | None:
        """Look for the call that carries our reference; None: it is not there."""
        reference = handle.request.reference
        wanted = {"type": "string", "op": "eq", "value": reference}
        criteria = {"metadata": [{"key": REFERENCE, **wanted}]}
        body = {"filter_criteria": criteria, "limit": 10}
        page = self._page("POST", "/v3/list-calls", json=body)
        now = _now()
        found = (facts.call_update(row, now) for row in rows(page.get("items")))
        # Should the filter be ignored one day, a stranger's call must not be ours.
        ours = (u for u in found if u.reference == reference and u.provider_call_id)
        return next(ours, None)

    def list_calls(self, since: datetime, cursor: str = "") -> Page[CallUpdate]:
        """Return calls that started at or after `since`, newest first, without words."""
        start = {"type": "number", "op": "ge", "value": int(since.timestamp() * 1000)}
        body: Json = {"filter_criteria": {"start_timestamp": start}, "limit": PAGE}
        if cursor:
            body["pagination_key"] = cursor
        page = self._page("POST", "/v3/list-calls", json=body)
        now = _now()
        calls = tuple(facts.call_update(row, now) for row in rows(page.get("items")))
        return Page(calls, text(page.get("pagination_key")) if _goes_on(page) else "")

    def hang_up(self, handle: CallHandle) -> None:
        """Ask Retell to end the call."""
        if not handle.provider_call_id:
            raise WishRefused(
                f"{self.label} has not told us yet which call it is. Try again in a "
                "moment."
            )
        self.ask("POST", f"/v2/stop-call/{_part(handle.provider_call_id)}")

    # --- agents and numbers
    def list_agents(self) -> Iterable[AgentFacts]:
        """Yield every voice agent; texts of its latest and its published version."""
        return catalog.agents(self.read, self._all)

    def list_numbers(self) -> Iterable[NumberFacts]:
        """Yield every phone number with what is bound to it."""
        for row in self._all("GET", "/v2/list-phone-numbers", params={"limit": 1000}):
            if text(row.get("phone_number")):
                yield facts.number(row)

    def bind(self, number: str, direction: str, binding: BindingFacts) -> None:
        """Put an agent on the number; several keep their weights; none is null."""
        bound = shares(binding) or None
        path = f"/update-phone-number/{quote(number, safe='+')}"
        self.ask("PATCH", path, json={f"{direction}_agents": bound})

    def check(self) -> list[Check]:
        """Try the account: the key, then what may be read with it."""
        looks = (
            ("API key", self._check_key),
            ("Agents", self._check_agents),
            ("Phone numbers", self._check_numbers),
        )
        own = bool(self.account.credentials.get("webhook_key"))
        after = [badge.check(has_own_key=own)]
        return checking.tried(looks, _mend, vital=("API key",), after=after)

    def _check_key(self) -> str:
        answer = mapping(self.ask("GET", "/get-api-key-info"))
        name = text(answer.get("org_name"), 200)
        return f"The key belongs to {name}." if name else "The key is accepted."

    def _check_agents(self) -> str:
        self._page("POST", "/v2/list-agents", json={}, params={"limit": 1})
        return "Agents can be listed."

    def _check_numbers(self) -> str:
        self._page("GET", "/v2/list-phone-numbers", params={"limit": 1})
        return "Phone numbers can be listed."

    # --- webhooks
    def signature_headers(self) -> tuple[str, ...]:
        """Return the header that carries the signature."""
        return ("x-retell-signature",)

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> bool:
        """Check the badge: `v=<ms>,d=<hex>`, ± 5 minutes."""
        key = self.account.credentials.get("webhook_key") or self._key()
        signature = headers.get("x-retell-signature", "")
        return badge.is_signed(signature, body, key, now)

    def parse_webhook(self, payload: Any, received_at: datetime) -> list[CallUpdate]:
        """Turn an event about a call into its update; other events say nothing."""
        event, call = event_of(payload)
        if not text(call.get("call_id")):
            return []
        return [facts.call_update(call, received_at, event)]

    def parse_inbound(self, payload: Any) -> InboundCall | None:
        """Return the ringing call of a `call_inbound` event."""
        return inbound(payload)

    def answer_inbound(
        self, agent_id: str, variables: Mapping[str, str], version: int | None = None
    ) -> Json:
        """Say who answers and what they are told; everything in it is optional."""
        return inbound_answer(agent_id, variables, version)

    # --- asking
    def ask(self, method: str, path: str, **parts: Any) -> Any:
        """Send one request to the account; raises ProviderError in words."""
        base = (self.account.base_url or self.default_base_url).rstrip("/")
        headers = {"Authorization": f"Bearer {self._key()}"}
        parts |= {"label": self.label, "headers": headers, "pace": self.account.pace}
        return http.request(method, base + path, **parts)

    def read(self, path: str, **params: Any) -> Json:
        """Read one object, with patience: a sync reads thousands."""
        return mapping(self.ask("GET", path, params=params, tries=3))

    def _key(self) -> str:
        return str(self.account.credentials.get("api_key", ""))

    def _page(self, method: str, path: str, **parts: Any) -> Json:
        page = self.ask(method, path, **parts)
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            raise ProviderUnclear(f"{self.label} answered without a list.")
        return page

    def _all(self, method: str, path: str, **parts: Any) -> Iterable[Json]:
        """Yield the items of every page."""
        params = dict(parts.pop("params", {}))
        while True:
            page = self._page(method, path, params=params, tries=3, **parts)
            yield from rows(page["items"])
            key = text(page.get("pagination_key"))
            if not _goes_on(page) or key == params.get("pagination_key"):
                return
            params["pagination_key"] = key


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _part(value: str) -> str:
    """Return an id as one part of a path."""
    return quote(value, safe="")


def _goes_on(page: Json) -> bool:
    return page.get("has_more") is True and bool(text(page.get("pagination_key")))


def _mend(name: str, error: ProviderError) -> str:
    """Say what to do about a failed check."""
    if error.status == 401:
        return f"{error.message} Paste the API key again, or make a new one."
    if error.status == 403:
        return f"{error.message} Give the key this permission."
    return error.message
