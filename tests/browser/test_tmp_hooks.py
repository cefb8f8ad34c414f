import pytest
from tests.browser.conftest import PHONE
pytestmark = pytest.mark.browser
def test_x(person):
    page = person("admin", PHONE)
    page.goto("/nowhere/")
    print(page.title(), page.evaluate("""[...document.querySelectorAll('*')].filter(e=>e.getBoundingClientRect().right>390).map(e=>e.tagName+' '+e.textContent.slice(0,120)+' '+e.getBoundingClientRect().right).slice(-6)"""))
    assert 0
