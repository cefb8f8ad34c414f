"""Icons of the templates."""

from django.template import Context, Template

PAGE = '{% load lucide %}{% lucide "phone" size=12 class="x" %}'


def test_an_icon_is_drawn_once_and_stays_what_it_is() -> None:
    first, second = (Template(PAGE).render(Context()) for _ in range(2))
    assert first == second
    assert first.startswith("<svg")
    assert 'width="12"' in first
    assert 'class="x"' in first
    assert Template(PAGE.replace("12", "20")).render(Context()) != first
