"""The three people at work, in Chromium, over real HTTP with signed webhooks."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
Person = Callable[..., Page]
SOON = 60_000


def call(page: Page, to_number: str) -> None:
    """Press "Call now" and call a number."""
    page.keyboard.press("c")
    page.wait_for_url("**/calls/new/**")
    page.get_by_label("Who", exact=True).fill(to_number)
    expect(page.locator("#strip, .strip").first).to_contain_text("Ready", timeout=SOON)
    page.locator("#launch").click()
    page.wait_for_url(re.compile(r"/calls/[0-9a-f]{8}-[0-9a-f-]+/$"))


def test_a_manager_calls_watches_and_reads(person: Person) -> None:
    page = person("manager")
    call(page, "(415) 555-0100")
    expect(page.locator("#live")).to_contain_text("In progress", timeout=SOON)
    expect(page.locator(".turn").nth(1)).to_be_visible(timeout=SOON)
    expect(page.locator("#live")).to_contain_text("Summary", timeout=SOON)
    lines = page.locator(".turn").count()
    assert lines >= 4
    address = page.url
    page.goto("/calls/")
    first = page.locator("#rows tbody tr").first
    expect(first).to_contain_text("Jamie Doe")
    first.get_by_role("link").first.click()
    page.wait_for_url(address)
    assert page.locator(".turn").count() == lines


@pytest.mark.parametrize(
    ("to_number", "words"),
    [
        ("+14155550150", "Busy"),
        ("+14155550151", "No answer"),
        ("+14155550152", "Declined"),
        ("+14155550153", "Voicemail"),
        ("+14155550154", "Invalid number"),
    ],
)
def test_a_call_that_nobody_answers_says_why(
    person: Person, to_number: str, words: str
) -> None:
    page = person("manager")
    call(page, to_number)
    expect(page.locator(".badge").first).to_contain_text(words, timeout=SOON)


def test_an_unconfirmed_call_says_so_and_is_found(person: Person) -> None:
    page = person("manager")
    call(page, "+14155550156")
    expect(page.locator("#live")).to_contain_text("Not sure it went out", timeout=SOON)
    expect(page.locator("#live")).to_contain_text("Summary", timeout=SOON)


def test_a_lost_call_says_that_it_did_not_go_out(person: Person) -> None:
    page = person("manager")
    call(page, "+14155550157")
    expect(page.locator("#live")).to_contain_text("Not sure it went out", timeout=SOON)
    expect(page.locator("#live")).to_contain_text("It did not go out", timeout=SOON)


def test_a_long_call_is_hung_up(person: Person) -> None:
    page = person("manager")
    call(page, "+14155550162")
    expect(page.locator("#live")).to_contain_text("In progress", timeout=SOON)
    page.get_by_role("button", name="Hang up").first.click()
    page.locator("dialog[open]").get_by_role("button", name="Hang up").click()
    expect(page.locator("#live")).to_contain_text("Summary", timeout=SOON)


def test_a_double_click_calls_once(person: Person) -> None:
    page = person("manager")
    page.goto("/calls/new/?to=%2B14155550103")
    page.locator("#launch").dblclick()
    page.wait_for_url(re.compile(r"/calls/[0-9a-f]{8}-"))
    first = page.url
    page.go_back()
    page.locator("#launch").click()
    page.wait_for_url(re.compile(r"/calls/[0-9a-f]{8}-"))
    assert page.url == first


def test_an_admin_binds_an_agent_and_takes_it_back(person: Person) -> None:
    page = person("admin")
    page.goto("/numbers/")
    row = page.locator("tbody", has_text="Chicago office trunk").first
    expect(row).to_contain_text("off: nobody answers")
    row.get_by_role("link", name=re.compile("Edit")).click()
    answers = page.get_by_label("Calls in", exact=True)
    expect(answers).to_be_focused()
    page.wait_for_timeout(300)  # htmx takes a moment to know the new form
    answers.select_option(label="Reception")
    expect(page.locator("#rows")).to_contain_text("What will change")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#rows")).not_to_contain_text("off: nobody answers")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#rows")).to_contain_text("off: nobody answers")


def test_a_reviewer_reads_but_cannot_call(person: Person) -> None:
    page = person("reviewer")
    page.goto("/calls/")
    page.locator("#rows tbody tr").first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.get_by_role("link", name="Call again").count() == 0
    answer = page.goto("/calls/new/")
    assert answer and answer.status == 403
