"""Needs a look: a rule of one's own, what it finds, gone through to the empty queue."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, violations

pytestmark = pytest.mark.browser
Person = Callable[..., Page]
RULE = "Left a message"
TRIES = 60


def make_rule(page: Page) -> None:
    """Narrow the history, and have what fits looked at."""
    page.goto("/calls/?outcome=voicemail")
    page.get_by_role("link", name="Save view").click()
    page.get_by_role("link", name="Or make it a rule").click()
    expect(page.get_by_label("Address of the list")).to_have_value("outcome=voicemail")
    page.get_by_label("Name", exact=True).fill(RULE)
    page.get_by_role("button", name="Add the rule").click()
    expect(page.locator("td b")).to_have_text(RULE)
    assert not violations(page)


def call_somebody(page: Page, digits: str) -> None:
    """Make a call; the digits choose what the simulator does."""
    page.goto(f"/calls/new/?to=%2B141555501{digits}")
    page.locator("#launch").click()
    page.wait_for_url(re.compile(r"/calls/[0-9a-f]{8}-"))


def until_there(page: Page, wanted: Locator) -> None:
    """Load the page again until something is on it."""
    for _ in range(TRIES):
        if wanted.is_visible():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{wanted} never came")


def test_a_rule_finds_a_call_and_the_queue_is_gone_through(person: Person) -> None:
    make_rule(person("admin"))
    call_somebody(person("manager"), "53")
    page = person("reviewer")
    page.goto("/calls/looks/")
    reason = page.get_by_label("Reasons").get_by_role("link", name=RULE)
    until_there(page, reason)
    reason.click()
    assert not violations(page)
    shown = page.locator("#look-title")
    expect(shown).to_have_text("Vera Voicemail")

    page.keyboard.press("e")
    expect(page.locator(".note.success")).to_contain_text("done")
    assert not violations(page)
    page.keyboard.press("u")
    expect(page.locator(".toast").last).to_contain_text("Back in the queue")
    expect(shown).to_have_text("Vera Voicemail")

    reasons = page.get_by_label("Reasons").locator("a:not([href$='/looks/'])")
    page.goto("/calls/looks/")
    while reasons.count():
        reasons.first.click()
        page.get_by_role("button", name="All done").click()
        page.locator("#ask-yes").click()
        expect(page.locator(".note.success")).to_contain_text("done")
    expect(page.locator("#queue")).to_contain_text("Nothing needs a look")
    checked = page.locator(".checked")
    expect(checked).to_contain_text("a failed tool")
    expect(checked).to_contain_text(RULE)
    assert not violations(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_queue_fits_a_phone(person: Person, theme: str) -> None:
    page = person("reviewer", PHONE, theme)
    for address in ("/calls/looks/", "/settings/looks/"):
        page.goto(address)
        assert not violations(page), address
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
