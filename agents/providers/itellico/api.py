"""Asking an account at itellico: its address, its key, its lists.

Reference: the contract sheet, section 0.
"""

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from agents.providers import http
from agents.providers.base import Account, Json, ProviderBusy, ProviderUnclear
from agents.providers.reading import mapping, rows, span, text

# What they do not know: a wrong id, a removed one, an id that is none.
UNKNOWN = (404, 410, 422)
PAGE = 100
# So many accounts' ids are remembered in a process.
REMEMBERED = 1000


class OwnIds:
    """The ids of keys' own accounts: a key never changes its account."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def get(self, badge: str) -> str:
        """Return the id; empty: it is to be asked for."""
        return self.known.get(badge, "")

    def put(self, badge: str, account_id: str) -> None:
        """Remember an id; where there are too many, all are forgotten."""
        if len(self.known) >= REMEMBERED:
            self.known.clear()
        self.known[badge] = account_id


own_ids = OwnIds()


class Api:
    """One account; its `credentials` are by their `--set` names, defaults among them."""

    def __init__(self, account: Account, label: str) -> None:
        self.account = account
        self.base = account.base_url.rstrip("/")
        self.label = label

    def setting(self, name: str) -> str:
        """Return what is set, or its default."""
        return str(self.account.credentials.get(name, "")).strip()

    def headers(self) -> dict[str, str]:
        """Return what carries the key; a Bearer header was the way of older days."""
        return {"X-API-Key": self.setting("api_key")}

    @cached_property
    def account_id(self) -> str:
        """The account in every path: the one set, or else the key's own."""
        return self.setting("account_id") or self._own_id()

    def _own_id(self) -> str:
        """Return the id of the key's own account, which is asked for once."""
        known = own_ids.get(self._badge())
        return known or str(self.own_account()["id"])

    def _badge(self) -> str:
        """Return what stands for address and key; the key cannot be read from it."""
        whole = f"{self.base} {self.setting('api_key')}"
        return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()

    def path(self, *parts: str) -> str:
        """Return a path inside the account."""
        whole = ("accounts", self.account_id, *parts)
        return "/v1/" + "/".join(quote(part, safe="") for part in whole)

    def dialling_path(self) -> str:
        """Return where calls are made; where that is not known, nothing is placed."""
        try:
            return self.path("calls")
        except ProviderUnclear as error:
            said = f"{error.message} No call was asked for."
            raise ProviderBusy(said, status=error.status) from error

    def ask(self, method: str, path: str, **parts: Any) -> Any:
        """Send one request; raises ProviderError in words."""
        asked = {"label": self.label, "headers": self.headers()}
        parts |= asked | {"pace": self.account.pace}
        return http.request(method, self.base + path, **parts)

    def own_account(self) -> Json:
        """Return the account that the key belongs to; it has an id."""
        own = mapping(self.ask("GET", "/v1/accounts/current"))
        if not text(own.get("id")):
            raise ProviderUnclear(f"{self.label} did not say which account this is.")
        own_ids.put(self._badge(), text(own["id"]))
        return own

    def page(self, kind: str, *, tries: int = 1, **params: Any) -> Json:
        """Return one page of a list, which has `items`."""
        page = self.ask("GET", self.path(kind), params=params, tries=tries)
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            raise ProviderUnclear(f"{self.label} answered without a list.")
        return page

    def all(self, kind: str) -> Iterator[Json]:
        """Yield every row that has an id, once; with patience, as a sync has."""
        seen: set[str] = set()
        offset = 0
        while True:
            page = self.page(kind, tries=3, limit=PAGE, offset=offset)
            known = {text(row.get("id")): row for row in rows(page["items"])}
            fresh = [id for id in known if id and id not in seen]
            yield from (known[id] for id in fresh)
            seen.update(fresh)
            count = len(page["items"])
            offset += count
            if not fresh or not goes_on(page, offset, count):
                return

    def is_own(self, url: str) -> bool:
        """Tell whether an address is on the API's own machine."""
        return _origin(url) is not None and _origin(url) == _origin(self.base)


def goes_on(page: Json, reached: int, count: int) -> bool:
    """Tell whether more follows a page of `count` rows that ends at `reached`.

    A full page may have one behind it. Whether their own count is a total is not
    documented: where it is more than was seen, it is one.
    """
    return count >= PAGE or (count > 0 and reached < (span(page.get("count")) or 0))


def _origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port; None where the address has none."""
    usual = {"https": 443, "http": 80}
    try:
        parts = urlsplit(url)
        port = parts.port or usual.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and port else None
