"""Icons for templates, each drawn once.

The library draws an icon anew each time, which took a third of the time of a long list.
"""

from functools import lru_cache

from django import template
from lucide.templatetags.lucide import lucide as draw

register = template.Library()
# The icons of all pages, in all their sizes, are some hundred.
register.simple_tag(lru_cache(maxsize=2_000)(draw), name="lucide")
