"""Klen AI as we call it: calls, agents, webhooks.

Reference: https://docs.klen.ai/api-reference/introduction
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from agents.providers import http
from agents.providers.base import (
    Account,
    AgentFacts,
    CallHandle,
    CallRequest,
    CallUpdate,
    Check,
    Json,
    LaunchWish,
    NumberFacts,
    Page,
    Provider,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    Setting,
    WishRefused,
)
from agents.providers.klen import catalog, checks, facts, lists, signing, words
from agents.providers.klen.wish import beyond, body, problem
from agents.providers.reading import EPOCH, mapping, rows

API = "/api/v1"


class Klen(Provider):
    """Klen AI."""

    slug = "klen"
    label = "Klen AI"
    default_base_url = f"https://api.klen.ai{API}"
    documentation = "https://docs.klen.ai/api-reference/authentication"
    settings = (
        Setting(
            "api_key",
            "API key",
            "In Klen AI under API. Let it start calls, read calls and read agents. "
            f"The address of its API ends with {API}, which is added where it is "
            "left out.",
        ),
        Setting(
            "webhook_secret",
            "Webhook secret",
            "Shown in Klen AI under API, Webhooks, when a webhook is added. Without "
            "it a webhook is not believed, it only makes us ask Klen AI.",
            is_required=False,
        ),
        Setting(
            "signature_header",
            "Header of the signature",
            "In which Klen AI signs its webhooks.",
            is_secret=False,
            is_required=False,
            default=words.SIGNATURE_HEADER,
        ),
        Setting(
            "signature_encoding",
            "Encoding of the signature",
            "How the HMAC-SHA256 of the body is written. Klen AI's page about it could "
            "not be read: if webhooks are refused, try the other one.",
            is_secret=False,
            is_required=False,
            default=signing.HEX,
            choices=signing.ENCODINGS,
        ),
    )
    # A call takes no metadata and no key of ours (sheet, sections 0 and 1.1).
    can_carry_reference = False
    picks_caller = True
    # `contact_id`, and `variables` that are nested.
    has_raw_fields = True
    requests_per_minute = 60
    # Of these 60, an open call that keeps silent takes two.
    poll_after: ClassVar[timedelta] = timedelta(seconds=30)
    # Whether the list has a call that is still queued is undocumented.
    ask_after: ClassVar[tuple[timedelta, ...]] = tuple(
        timedelta(seconds=seconds) for seconds in (5, 15, 45, 120)
    )

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        # Without a secret nobody can tell who sent a webhook.
        self.webhooks_are_hints = not self.checks_signatures

    @property
    def checks_signatures(self) -> bool:
        """Whether there is a secret to check webhooks with."""
        return bool(self._secret())

    # --- calls
    def place_call(self, request: CallRequest) -> CallUpdate:
        """Ask for the call, once: nothing would make a repeat harmless."""
        _, why = problem(request)
        if why := why or beyond(request):
            raise WishRefused(why)
        wanted, now = body(request), _now()
        parts = {"json": wanted, "read_seconds": http.DIAL_SECONDS}
        try:
            answer = self.ask("POST", "/calls", **parts)
        except ProviderBusy as error:
            raise checks.of_a_dial(error) from None
        update = facts.call_update(mapping(answer), now)
        if not update.provider_call_id:
            raise ProviderUnclear(f"{self.label} answered without a call id.")
        return update

    def fetch_call(self, handle: CallHandle) -> CallUpdate | None:
        """Return what Klen knows of the call; None when it does not know the id."""
        wanted = handle.provider_call_id
        try:
            answer = mapping(self.ask("GET", f"/calls/{quote(wanted, safe='')}"))
        except ProviderRefused as error:
            if checks.word(error) == words.NOT_FOUND:
                return None
            raise
        now = _now()
        update = facts.call_update(answer, now)
        if wanted not in (update.provider_call_id, update.other_call_id):
            raise ProviderUnclear(f"{self.label} answered with another call.")
        again = facts.ask_again_at(update, now, handle.dialed_at)
        return replace(update, ask_again_at=again)

    def find_call(self, handle: CallHandle) -> CallUpdate | None:
        """Look for the one call of that agent to that number since the dial.

        None: there is none. Where several fit, ProviderUnclear: it is for a person.
        """
        now, agent_id = _now(), handle.request.agent_id
        since = (handle.dialed_at or EPOCH) - lists.CLOCKS
        calls = self._calls(since, {"agent_id": agent_id, "type": "outbound"})
        found = lists.candidates(calls, handle, since)
        if len(found) > 1:
            raise ProviderUnclear(
                f"{self.label} has {len(found)} calls to this number that may be this "
                "one; a person must decide."
            )
        return _listed(found[0], now) if found else None

    def list_calls(self, since: datetime, cursor: str = "") -> Page[CallUpdate]:
        """Return calls that began at or after `since`, or have no time yet."""
        now, page = _now(), int(cursor or 1)
        answer, calls = self._page(page)
        found = tuple(_listed(row, now) for row in calls if lists.is_recent(row, since))
        more = lists.goes_on(answer, page, calls, since)
        return Page(found, str(page + 1) if more else "")

    def _calls(self, since: datetime, params: Mapping[str, str]) -> Iterator[Json]:
        """Yield the calls of every page that may hold some since then."""
        for page in range(1, lists.MOST_PAGES + 1):
            answer, calls = self._page(page, params)
            yield from calls
            if not lists.goes_on(answer, page, calls, since):
                return
        raise ProviderUnclear(
            f"{self.label} has too many calls of this agent to look through."
        )

    def _page(
        self, page: int, params: Mapping[str, str] | None = None
    ) -> tuple[Json, list[Json]]:
        wanted = {"page": page, "limit": lists.LIMIT, **(params or {})}
        answer = mapping(self.ask("GET", "/calls", params=wanted))
        if not isinstance(answer.get("calls"), list):
            raise ProviderUnclear(f"{self.label} answered without a list of calls.")
        return answer, rows(answer["calls"])

    # --- agents and numbers
    def list_agents(self) -> Iterable[AgentFacts]:
        """Yield every agent. Klen has no versions."""
        return [catalog.agent(row) for row in self._agents()]

    def list_numbers(self) -> Iterable[NumberFacts]:
        """Yield the numbers that agents have: Klen lists no others."""
        return catalog.numbers(self._agents())

    def _agents(self, tries: int = 3) -> list[Json]:
        answer = mapping(self.ask("GET", "/agents", tries=tries))
        if not isinstance(answer.get("agents"), list):
            raise ProviderUnclear(f"{self.label} answered without a list of agents.")
        return [row for row in rows(answer["agents"]) if catalog.agent_id(row)]

    def refuse_wish(self, wish: LaunchWish) -> tuple[str, str]:
        """Refuse raw fields but `contact_id` and `variables`, and unchecked numbers."""
        return problem(wish)

    def check(self) -> list[Check]:
        """Try what the key may read; a call is not tried."""
        looks: tuple[tuple[str, Callable[[], Check]], ...] = (
            ("Agents", lambda: checks.agents(self._agents(tries=1))),
            ("Calls", lambda: checks.calls(self._page(1)[0])),
        )
        results: list[Check] = []
        for name, look in looks:
            try:
                results.append(look())
            except ProviderError as error:
                results.append(Check(name, False, checks.mend(error)))
                if checks.ends_here(error):
                    return results
        return [
            *results,
            checks.CALLING,
            checks.webhooks(self._header(), self._encoding(), self._secret()),
        ]

    # --- webhooks
    def signature_headers(self) -> tuple[str, ...]:
        """Return the header that carries the signature."""
        return (self._header().lower(),)

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> bool:
        """Check the HMAC-SHA256 of the body, in the encoding that is set.

        The scheme is a guess until a first webhook has arrived: the page that tells it
        is unseen (sheet, section 7.4). Without a secret everything is taken, as a hint.
        """
        if not self.checks_signatures:
            return True
        sent = headers.get(self._header().lower(), "")
        return signing.fits(body, self._secret(), sent, self._encoding())

    def parse_webhook(self, payload: Any, received_at: datetime) -> list[CallUpdate]:
        """Turn an event about a call into its update; other events say nothing.

        What comes after the end is asked for: the detail alone is sure to have it.
        """
        told = mapping(payload)
        event, call = told.get("event_type"), mapping(told.get("call"))
        if event not in words.CALL_EVENTS or not facts.ids(call)[1]:
            return []
        update = facts.call_update(call, received_at, event, told.get("timestamp"))
        if event == words.STARTED:
            return [update]
        return [replace(update, ask_again_at=received_at + facts.SETTLED)]

    # --- asking
    def ask(self, method: str, path: str, **parts: Any) -> Any:
        """Send one request to the account; raises ProviderError in words."""
        base = (self.account.base_url or self.default_base_url).rstrip("/")
        if not base.endswith(API):
            base += API
        headers = {"Authorization": f"Bearer {self._setting('api_key')}"}
        parts |= {"label": self.label, "headers": headers, "pace": self.account.pace}
        try:
            return http.request(method, base + path, **parts)
        except ProviderRefused as error:
            # 403 and 404 mean very different things: only the word tells which.
            error.code = words.REFUSALS.get(checks.word(error), error.code)
            raise

    def _setting(self, name: str) -> str:
        return str(self.account.credentials.get(name, "")).strip()

    def _secret(self) -> str:
        return self._setting("webhook_secret")

    def _encoding(self) -> str:
        return self._setting("signature_encoding") or signing.HEX

    def _header(self) -> str:
        return self._setting("signature_header") or words.SIGNATURE_HEADER


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _listed(row: Json, now: datetime) -> CallUpdate:
    """Turn a call of the list into an update; its summary is a shorter one."""
    return replace(facts.call_update(row, now), analysis=None)
