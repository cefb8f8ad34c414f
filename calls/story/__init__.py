"""A call told to a person: its steps, what was said, how it went, what happened when."""

from calls.story.figures import (
    ENDS,
    cost_parts,
    evidence,
    facts,
    ids,
    interruptions,
    latency,
    metadata,
    overrides,
    whose_fault,
    why_ended,
)
from calls.story.hooks import pretty, webhooks_in, webhooks_out
from calls.story.lines import Lanes, Line, as_text, lanes, lines
from calls.story.steps import RECORDING_WAIT, Step, gap, is_settled, steps, version
from calls.story.timeline import Moment, name_of, timeline

__all__ = [
    "ENDS",
    "RECORDING_WAIT",
    "Lanes",
    "Line",
    "Moment",
    "Step",
    "as_text",
    "cost_parts",
    "evidence",
    "facts",
    "gap",
    "ids",
    "interruptions",
    "is_settled",
    "lanes",
    "latency",
    "lines",
    "metadata",
    "name_of",
    "overrides",
    "pretty",
    "steps",
    "timeline",
    "version",
    "webhooks_in",
    "webhooks_out",
    "whose_fault",
    "why_ended",
]
