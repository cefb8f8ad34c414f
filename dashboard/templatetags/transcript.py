"""A line of a transcript as HTML: written out here, as there may be thousands of them.

A template would take twenty times as long, and a call of two thousand lines a fifth of a
second.
"""

from typing import Any

from django import template
from django.template import Context
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from dashboard.templatetags.ui import clock

register = template.Library()

SEEK = (
    '<button type="button" class="seek" aria-label="Play from {at}">'
    "<time>{at}</time></button>"
)
PLAIN = "<time>{at}</time>"
TURN = (
    '<div id="turn-{index}" class="turn{slow}"{start}>{time}'
    '<svg class="a {speaker}" viewBox="0 0 24 24" aria-hidden="true">'
    '<use href="#i-{speaker}"/></svg>'
    "<div><b>{name}</b>{latency}{cut}<p>{text}</p>"
)
LATENCY = ' <small class="num" title="How long the agent took to answer">{ms} ms{slow}</small>'
CUT = ' <small class="cut">interrupted</small>'


@register.simple_tag(takes_context=True)
def turn(context: Context, line: Any) -> SafeString:
    """Write what was said in a line (`story.Line`); two <div> are left open for notes.

    The context has `agent_name`, `who` and `can_seek`.
    """
    said, speaker, is_slow = line.turn, line.speaker, line.is_slow
    at = clock(said.start_ms)
    names = {"agent": "agent_name", "callee": "who"}
    name = context[names[speaker]] if speaker in names else "Someone else"
    slow = ", slow" if is_slow else ""
    html = TURN.format(
        index=int(said.index),
        slow=" slow" if is_slow else "",
        start=f' data-start="{int(said.start_ms)}"' if at else "",
        time=(SEEK if at and context["can_seek"] else PLAIN).format(at=at),
        speaker=speaker,
        name=escape(name),
        latency=LATENCY.format(ms=int(said.latency_ms), slow=slow)
        if said.latency_ms
        else "",
        cut=CUT if said.is_interrupted else "",
        text=escape(line.text),
    )
    # Every text in it was escaped just now; the rest are numbers and words of ours.
    return mark_safe(html)
