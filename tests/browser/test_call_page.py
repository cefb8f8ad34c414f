"""Support at work: find a word, hear it, note it, share it; with axe at each stop."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, violations

pytestmark = pytest.mark.browser
Person = Callable[..., Page]
SOON = 60_000


@pytest.fixture
def spoken(person: Person) -> str:
    """Make a call that is over and recorded; return its address."""
    page = person("manager")
    page.goto("/calls/new/?to=%2B14155550107")
    page.locator("#launch").click()
    page.wait_for_url(re.compile(r"/calls/[0-9a-f]{8}-"))
    expect(page.locator("call-player")).to_be_visible(timeout=SOON)
    expect(page.locator("#live")).to_contain_text("Summary", timeout=SOON)
    return page.url


def word_of(page: Page) -> str:
    """Return a long word of what was said after the greetings."""
    said = " ".join(page.locator(".turn p").all_inner_texts()[2:])
    words = re.findall(r"[A-Za-z]{4,}", said)
    return str(max(words, key=len))


def test_a_word_is_found_heard_noted_and_shared(
    person: Person, chromium: Browser, spoken: str
) -> None:
    page = person("reviewer")
    page.goto(spoken)
    word = word_of(page)

    page.goto(f"{spoken}?q={word}")
    expect(page.locator(".find output")).to_contain_text("1 of")
    expect(page.locator(".turn.hit.cur")).to_have_count(1)
    assert page.locator(".lane .hits path").count() >= 1
    assert not violations(page)

    start = float(page.locator(".turn.cur").get_attribute("data-start") or -1) / 1000
    at = "document.getElementById('player').currentTime"
    assert page.evaluate(at) == pytest.approx(start, abs=0.1)
    time = page.locator(".player .time")
    before = time.inner_text()
    page.keyboard.press("Space")
    expect(time).not_to_have_text(before, timeout=SOON)
    page.keyboard.press("Space")
    assert page.evaluate("document.getElementById('player').paused")

    page.keyboard.press("n")
    expect(page.locator("#note-box")).to_contain_text(word)
    page.locator("#note-box textarea").fill("Listen to this again")
    page.get_by_role("button", name="Add note").last.click()
    expect(page.locator(".turn .remark")).to_contain_text("Listen to this again")
    expect(page.locator("#note-box")).to_be_hidden()

    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#share-link").inner_text(timeout=SOON)
    assert not violations(page)

    outside = chromium.new_context().new_page()
    outside.goto(link)
    expect(outside.locator(".turn").first).to_be_visible()
    assert outside.locator("audio").count() == 0
    assert not violations(outside)
    outside.context.close()


def test_a_link_to_a_second_opens_the_line_that_begins_in_it(
    person: Person, spoken: str
) -> None:
    page = person("reviewer")
    page.goto(spoken)
    line = page.locator("#turn-4")
    start = float(line.get_attribute("data-start") or 0) / 1000
    for seconds in (int(start), start):
        page.goto("/calls/")
        page.goto(f"{spoken}#t={seconds}")
        expect(page.locator(".turn.cur")).to_have_id("turn-4")


def test_words_are_found_without_accents_and_apostrophes(
    person: Person, spoken: str
) -> None:
    page = person("reviewer")
    page.goto(f"{spoken}?q=im%20CALLÎNG")
    expect(page.locator(".find output")).to_contain_text("1 of")
    page.goto(f'{spoken}?q="calling about" thursday')
    expect(page.locator(".turn.hit")).not_to_have_count(0)


def test_keys_lead_through_the_lines(person: Person, spoken: str) -> None:
    page = person("reviewer")
    page.goto(f"{spoken}#turn-1")
    expect(page.locator("#turn-1.cur")).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("#turn-2.cur")).to_have_count(1)
    page.keyboard.press("k")
    expect(page.locator("#turn-1.cur")).to_have_count(1)
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Reviewed")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("t")
    expect(page.locator("#tag-name")).to_be_focused()
    page.keyboard.type("Follow up")
    page.keyboard.press("Enter")
    expect(page.locator(".tag")).to_contain_text("Follow up")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keys-box")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_tab_is_fine_on_a_phone_too(
    person: Person, spoken: str, theme: str
) -> None:
    page = person("admin", PHONE, theme)
    for address in ("", "?tab=timeline", "?tab=webhooks", "share/", "erase/"):
        page.goto(f"{spoken}{address}")
        page.wait_for_load_state("networkidle")
        assert not violations(page), address
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
