"""The overview: figures that lead to their calls, tables behind charts, side by side."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, WIDE, violations

pytestmark = pytest.mark.browser
Person = Callable[..., Page]


def follow(page: Page, figure: Locator) -> None:
    """Click a number, see that the history holds as many calls, and come back."""
    said = re.search(r"[\d,]+", figure.inner_text())
    assert said
    number = said[0]
    figure.click()
    page.wait_for_url(re.compile(r"/calls/\?"))
    words = f"{number} call" if number == "1" else f"{number} calls"
    expect(page.locator("#list .count")).to_have_text(words)
    page.go_back()
    expect(page.locator("#overview")).to_be_visible()


def test_figures_lead_to_the_calls_behind_them(person: Person) -> None:
    page = person("manager")
    overview = page.locator("#overview")
    follow(page, overview.locator(".stat a").first)
    follow(page, overview.locator(".parts a").nth(1).locator("b"))

    page.get_by_role("link", name="7 days").click()
    expect(overview.locator("#overview-title")).to_have_text("Last 7 days")
    follow(page, overview.locator(".stat a").first)
    expect(overview.locator("#overview-title")).to_have_text("Last 7 days")

    tables = overview.locator("details.behind")
    for index in range(tables.count()):
        tables.nth(index).locator("summary").focus()
        page.keyboard.press("Enter")
        expect(tables.nth(index).locator("table")).to_be_visible()
    assert tables.count() == 3
    # A row half under the bar of the page would be too small to press.
    page.evaluate("scrollTo(0, 0)")
    assert not violations(page)
    follow(page, tables.first.locator("tbody td:nth-child(3) a").first)


def test_what_is_compared_is_sorted_and_leads_on(person: Person) -> None:
    page = person("reviewer")
    rows = page.locator(".side-by-side tbody tr")
    page.get_by_role("link", name="Versions").click()
    expect(rows.first.locator("th")).to_contain_text(" · ")
    page.locator(".side-by-side").get_by_role("link", name="Name").click()
    expect(page.locator(".side-by-side th[aria-sort=ascending]")).to_contain_text(
        "Name"
    )
    names = rows.locator("th").all_inner_texts()
    assert names == sorted(names, key=str.casefold)
    follow(page, rows.first.locator("td a").first)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    person: Person, theme: str, size: str
) -> None:
    viewport = WIDE if size == "wide" else PHONE
    page = person("manager", viewport, theme)
    page.goto("/?days=90&by=number")
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
