"""The wallet in Chromium: switched on, topped up with a question, and off again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, violations

pytestmark = pytest.mark.browser
Person = Callable[..., Page]
ADDRESS = "/settings/money/"


def agree(page: Page, word: str) -> None:
    """Press a button that asks first, and say yes."""
    page.get_by_role("main").get_by_role("button", name=word, exact=True).click()
    page.get_by_role("alertdialog").get_by_role("button", name=word).click()


def switch_on(page: Page) -> None:
    """Switch the wallet on with 50 more than it has."""
    page.goto(ADDRESS)
    page.get_by_label("op-up").fill("50")
    page.get_by_label("Price of a minute").fill("0.1")
    page.get_by_role("button", name="Switch the wallet on").click()
    expect(page.get_by_role("heading", name="Ledger")).to_be_visible()


def switch_off(page: Page) -> None:
    """Switch the wallet off."""
    page.goto(ADDRESS)
    page.get_by_text("Switch the wallet off").click()
    agree(page, "Switch off")
    expect(page.get_by_role("heading", name="The wallet is off")).to_be_visible()


def test_a_wallet_from_on_to_off(person: Person) -> None:
    page = person("admin")
    switch_on(page)
    ledger = page.get_by_role("region", name="Ledger")
    rows = ledger.get_by_role("row")
    before = rows.count()
    top_up = page.locator("form").filter(
        has=page.get_by_role("heading", name="Top up", exact=True)
    )
    top_up.get_by_label("Amount").fill("12.5")
    top_up.get_by_label("Note").fill("Invoice 7")
    top_up.get_by_role("button", name="Top up").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    assert rows.count() == before
    agree(page, "Top up")
    expect(rows.nth(1)).to_contain_text("+$12.50")
    # Before the scripts are there, a choice is only sent by the button beside it.
    page.wait_for_load_state("load")
    ledger.get_by_label("Kind").select_option("charge")
    expect(ledger).to_contain_text("No entry fits")
    switch_off(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_while_it_is_on(
    person: Person, theme: str, size: dict[str, int]
) -> None:
    page = person("admin", size, theme)
    switch_on(page)
    found: list[str] = []
    for address in (ADDRESS, f"{ADDRESS}?kind=charge", f"{ADDRESS}rules/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        found += violations(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    switch_off(page)
    assert not found
