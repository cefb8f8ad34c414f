"""Icons for templates, each drawn once.

The library draws an icon anew each time, which took a third of the time of a long list.
"""

from functools import lru_cache

from django import template
from lucide.templatetags.lucide import lucide as draw

register = template.Library()
# The icons of all pages, in all their sizes, are some hundred.
icon = lru_cache(maxsize=2_000)(draw)
register.simple_tag(icon, name="lucide")
