"""Our calls as UponAI's webhooks tell of them: by the wire of the platform below.

No field table exists; the fields are those of that platform (contract sheet, 4.2).
"""

from agents.providers.base import CallRecord, Json
from agents.providers.uponai import words
from agents.providers.voicewire import telling
from agents.providers.voicewire.words import THEIR_STATUSES

VARIABLES = "retell_llm_dynamic_variables"


def payload(event: str, record: CallRecord) -> Json:
    """Return the body of a webhook."""
    update = record.update
    told = telling.start(record, VARIABLES)
    if event != "call_started":
        told |= telling.end(record, words.REASONS)
        told["call_status"] = THEIR_STATUSES.get(record.status, "error")
        if update.turns or update.tools:
            told |= telling.transcript(update)
    if event == "call_analyzed" and update.analysis:
        told["call_analysis"] = telling.analysis(update.analysis, update.answered_by)
    return {"event": event, "call": told}
