"""Every page, in both themes, wide and on a phone: axe finds nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, WIDE, violations

pytestmark = pytest.mark.browser
Person = Callable[..., Page]

PAGES = [
    "/",
    "/calls/",
    "/calls/?q=nothing-like-this",
    "/calls/new/",
    "/calls/new/?to=%2B14155550155",
    "/calls/exports/",
    "/calls/exports/new/?status=ended",
    "/contacts/",
    "/contacts/new/",
    "/contacts/import/",
    "/agents/",
    "/numbers/",
    "/connections/",
    "/connections/new/",
    "/connections/new/?provider=klen",
    "/settings/",
    "/settings/people/",
    "/settings/keys/",
    "/settings/webhooks/",
    "/settings/webhooks/new/",
    "/settings/webhooks/new/?format=retell",
    "/settings/do-not-call/",
    "/settings/variables/",
    "/settings/money/",
    "/settings/calling/",
    "/settings/privacy/",
    "/settings/privacy/proof/",
    "/settings/account/",
    "/palette/?q=ja",
    "/nowhere/",
]
# Lists whose first row leads to a page of its own.
LISTS = ["/calls/", "/contacts/", "/agents/", "/connections/", "/numbers/"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_axe_finds_nothing(person: Person, theme: str, size: str) -> None:
    page = person("admin", WIDE if size == "wide" else PHONE, theme)
    found = []
    for address in PAGES + [leads_to(page, listing) for listing in LISTS]:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        found += [f"{address}: {line}" for line in violations(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_axe_finds_nothing_on_the_pages_of_a_webhook(
    person: Person, theme: str, size: str
) -> None:
    page = person("admin", WIDE if size == "wide" else PHONE, theme)
    page.goto("/settings/webhooks/new/")
    page.get_by_label("Address").fill(f"http://127.0.0.1:9/{theme}/{size}")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("shown only this once").wait_for()
    found = violations(page)
    page.get_by_role("button", name="Send a test").click()
    page.get_by_text("Given up").wait_for()
    found += violations(page)
    page.get_by_role("link", name="webhook.test").click()
    page.get_by_text("ConnectError").wait_for()
    found += violations(page)
    page.get_by_role("link", name="127.0.0.1:9").click()
    page.get_by_role("link", name="Delete this webhook").click()
    found += violations(page)
    page.get_by_role("button", name="Delete this webhook").click()
    page.wait_for_url("**/settings/webhooks/")
    assert not found, "\n".join(found)


def leads_to(page: Page, listing: str) -> str:
    """Return the address behind the first row of a list."""
    page.goto(listing)
    link = page.locator(f"main a[href^='{listing}0']").first
    return link.get_attribute("href") or listing


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_log_in_page_is_fine_too(person: Person, theme: str) -> None:
    page = person("manager", PHONE, theme)
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    assert not violations(page)


def test_nothing_is_wider_than_a_phone(person: Person) -> None:
    page = person("admin", PHONE)
    wide = []
    for address in PAGES:
        page.goto(address)
        if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            wide.append(address)
    assert not wide


def test_no_page_says_anything_to_the_console(person: Person) -> None:
    page = person("admin")
    said: list[str] = []
    page.on("console", lambda m: said.append(f"{page.url} {m.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url} {error}"))
    # Chromium remarks on several secrets in one form.
    for address in (one for one in PAGES[:-1] if "provider=" not in one):
        page.goto(address)
        page.wait_for_load_state("networkidle")
    assert not said
