"""The history in Chromium: filters, keys, many at once, a call beside the list."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, violations

pytestmark = pytest.mark.browser
Person = Callable[..., Page]
SOON = 20_000


def history(page: Page, address: str = "/calls/") -> Page:
    """Open the history and wait until all of it is there."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    expect(page.locator("#rows tr[id^=call-]").first).to_be_visible()
    return page


def asked(page: Page) -> dict[str, list[str]]:
    """Return what the address asks for."""
    return parse_qs(urlsplit(page.url).query)


def test_filters_are_chosen_by_keyboard_and_stand_in_the_address(
    person: Person,
) -> None:
    page = history(person("reviewer"))
    page.locator("#add-filter").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Outcome", exact=True).press("Enter")
    expect(page.locator("#filter input").first).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("#list .chip.on")).to_contain_text("Conversation, Voicemail")
    expect(page.locator("#list .count")).to_have_text(re.compile(r"^[\d,]+ calls?$"))
    assert asked(page) == {"outcome": ["conversation", "voicemail"]}
    page.keyboard.press("Escape")
    expect(page.locator("#filter")).to_be_hidden()
    page.locator("#chip-outcome").click()
    page.locator("#filter").get_by_label("Voicemail").uncheck()
    expect(page.locator("#list .chip.on")).not_to_contain_text("Voicemail")
    page.keyboard.press("Escape")
    page.get_by_label("Remove the filter Outcome").click()
    expect(page.locator("#list .chip.on")).to_have_count(0)
    page.wait_for_url(re.compile(r"/calls/$"))
    page.go_back()
    expect(page.locator("#list .chip.on")).to_contain_text("Conversation")


def test_filters_work_without_script(person: Person) -> None:
    page = person("reviewer")
    assert page.context.browser
    plain = page.context.browser.new_context(
        java_script_enabled=False, storage_state=page.context.storage_state()
    ).new_page()
    plain.goto(page.url)
    plain.goto(urlsplit(page.url)._replace(path="/calls/").geturl())
    plain.locator("#add-filter").click()
    plain.get_by_role("link", name="Outcome", exact=True).click()
    plain.get_by_label("Conversation").check()
    plain.get_by_role("button", name="Show these calls").click()
    assert asked(plain) == {"outcome": ["conversation"]}
    expect(plain.locator(".chip.on")).to_contain_text("Outcome Conversation")
    plain.locator("#rows input[name=call]").first.check()
    plain.locator("#bulk button[value=review]").click()
    expect(plain.locator(".toast").first).to_contain_text("reviewed")
    plain.context.close()


def test_a_reviewer_works_through_the_list_by_keys(person: Person) -> None:
    page = history(person("reviewer"))
    rows = page.locator("#rows tr[id^=call-]")
    page.keyboard.press("j")
    expect(rows.nth(0).locator("a.l")).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1).locator("a.l")).to_be_focused()
    was_seen = "seen" in (rows.nth(1).get_attribute("class") or "")
    page.keyboard.press("e")
    toast = "no longer marked" if was_seen else "marked as reviewed"
    expect(page.locator(".toast").last).to_contain_text(toast)
    expect(rows.nth(1).locator("a.l")).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#picked")).to_have_text("2 selected")
    page.keyboard.press("t")
    page.keyboard.type("call back")
    page.keyboard.press("Enter")
    expect(rows.nth(1)).to_contain_text("call back")
    expect(rows.nth(2)).to_contain_text("call back")
    expect(page.locator("#bulk")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    expect(page.locator("#list-keys")).to_be_visible()
    page.keyboard.press("Escape")


def test_shift_click_selects_all_between(person: Person) -> None:
    page = history(person("reviewer"))
    boxes = page.locator("#rows input[name=call]")
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator("#picked")).to_have_text("4 selected")
    page.get_by_label("Select none").click()
    expect(page.locator("#bulk")).to_be_hidden()


def test_a_poll_keeps_selection_focus_and_place(person: Person) -> None:
    page = history(person("manager"))
    rows = page.locator("#rows tr[id^=call-]")
    ids = [rows.nth(i).get_attribute("id") for i in range(3)]
    rows.nth(2).locator("input").check()
    rows.nth(2).locator("a.l").focus()
    other = page.context.new_page()
    other.goto("/calls/new/?to=%2B14155550150")
    other.locator("#launch").click()
    other.wait_for_url(re.compile(r"/calls/[0-9a-f]{8}-"))
    other.close()
    page.bring_to_front()
    expect(page.locator("[data-fresh]")).to_contain_text("new call", timeout=SOON)
    assert [rows.nth(i).get_attribute("id") for i in range(3)] == ids
    expect(rows.nth(2).locator("input")).to_be_checked()
    expect(rows.nth(2).locator("a.l")).to_be_focused()
    page.locator("[data-fresh] a").click()
    expect(rows.nth(1)).to_have_id(ids[0] or "")


def test_a_call_opens_beside_the_list_and_back_closes_it(person: Person) -> None:
    page = history(person("reviewer", {"width": 1600, "height": 900}))
    page.get_by_role("button", name="Side by side").click()
    rows = page.locator("#rows tr[id^=call-]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("o")
    pane = page.locator("#pane")
    name = rows.nth(1).locator("a.l").inner_text()
    expect(pane.get_by_role("heading", level=1)).to_contain_text(name)
    first = (rows.nth(1).get_attribute("id") or "").removeprefix("call-")
    assert asked(page)["open"] == [first]
    assert not violations(page)
    rows.nth(3).locator("a.l").click()
    expect(pane.locator(f"[data-href*='{asked(page)['open'][0]}']")).to_be_visible()
    page.reload()
    expect(pane.locator("#live")).to_be_visible()
    page.go_back()
    expect(pane).to_be_hidden()
    assert "open" not in asked(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_axe_finds_nothing_in_menus_hits_and_the_bar(
    person: Person, theme: str, size: str
) -> None:
    page = person("manager", WIDE if size == "wide" else PHONE, theme)
    found: list[str] = []
    history(page, "/calls/?q=hello&outcome=conversation&sort=-duration")
    first = page.locator("#rows input[name=call]").first
    first.check()
    # The bar floats over the rows, and by chance over half a box; at the end it rests.
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    found += violations(page)
    first.uncheck()
    page.locator("#add-filter").click()
    found += violations(page)
    page.get_by_role("link", name="Agent", exact=True).click()
    expect(page.locator("#filter h2")).to_be_visible()
    found += violations(page)
    assert (
        page.evaluate("document.documentElement.scrollWidth")
        <= (page.viewport_size or WIDE)["width"]
    )
    for address in (
        "/calls/filter/when/",
        "/calls/filter/duration/?status=ended",
        "/calls/views/?status=ended",
        "/calls/count/",
    ):
        page.goto(address)
        found += [f"{address} {line}" for line in violations(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_selected_calls_are_exported(person: Person, theme: str, size: str) -> None:
    page = history(person("manager", WIDE if size == "wide" else PHONE, theme))
    for place in (0, 2):
        page.locator("#rows input[name=call]").nth(place).check()
    page.locator("#bulk").get_by_role("button", name="Export").click()
    expect(page.get_by_role("link", name="those that were selected")).to_be_visible()
    found = violations(page)
    page.get_by_role("button", name="Write the file").click()
    holds = page.get_by_role("link", name="2 selected calls").first
    expect(holds).to_be_visible()
    expect(page.locator("#exports li").first).to_contain_text("2 calls", timeout=SOON)
    found += violations(page)
    holds.click()
    expect(page.locator("#rows tr[id^=call-]")).to_have_count(2)
    expect(page.locator("#list .chip.on")).to_contain_text("Selected 2 calls")
    assert not found + violations(page)
