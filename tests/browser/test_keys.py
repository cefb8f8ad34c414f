"""An API key in the browser: made, changed, revoked; axe finds nothing on the way."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, violations

pytestmark = pytest.mark.browser
Person = Callable[..., Page]


@pytest.mark.parametrize(("theme", "size"), [("light", WIDE), ("dark", PHONE)])
def test_the_life_of_a_key(person: Person, theme: str, size: dict[str, int]) -> None:
    page, name = person("admin", size, theme), f"Robot {theme}"
    page.goto("/settings/keys/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Permissions by a provider’s names").fill("can_read_contacts")
    expect(page.get_by_label("Last day")).to_be_hidden()
    page.get_by_label("Expires", exact=True).select_option("7")
    page.get_by_role("button", name="Create key").click()
    page.get_by_text("shown only this once").wait_for()
    expect(page.get_by_text("can_read_contacts became contacts:read.")).to_be_visible()
    expect(page.get_by_text("Expires in 7 days").first).to_be_visible()
    found = violations(page)

    page.get_by_role("link", name=f"Edit {name}").click()
    page.get_by_label("Expires", exact=True).select_option("on")
    page.get_by_label("Last day").fill("2020-01-01")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Choose a day from today on").wait_for()
    found += violations(page)
    page.get_by_label("Expires", exact=True).select_option("")
    page.get_by_label("Requests a minute").fill("60")
    page.get_by_role("button", name="Save").click()
    page.get_by_text(f"{name} is changed.").wait_for()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row.get_by_text("Active")).to_be_visible()

    row.get_by_role("button", name=f"Revoke {name}").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog.get_by_text("This cannot be undone")).to_be_visible()
    found += violations(page)
    dialog.get_by_role("button", name="Revoke").click()
    page.get_by_text(f"{name} no longer works.").wait_for()
    expect(row.get_by_text("Revoked")).to_be_visible()
    assert not found, "\n".join(found)
