"""Recordings we make ourselves: those of calls that the simulator played."""

import re
import uuid
from functools import lru_cache

from django.conf import settings

from agents.providers.base import TurnFacts
from agents.providers.simulator.speech import tones
from calls.models import Call

OUR_ID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$")


def is_ours(call: Call) -> bool:
    """Whether the recording is at our own address, so that a page may play it."""
    return call.recording_url.startswith(f"{settings.BASE_URL}/recordings/")


def find(provider_call_id: str) -> Call | None:
    """Find the recorded call whose id a simulated provider's id ends with.

    Whoever knows the id may listen, in any workspace: providers give recordings out
    by an address that cannot be guessed.
    """
    found = OUR_ID.search(provider_call_id)
    if found is None:
        return None
    call = Call.objects.filter(pk=uuid.UUID(found[0])).first()
    return call if call and is_ours(call) else None


def wav(call: Call) -> bytes:
    """Return the recording; the last few are kept, for players ask in pieces."""
    turns = call.turns.values_list("role", "text", "start_ms", "end_ms")
    return _wav(tuple(turns))


@lru_cache(maxsize=4)
def _wav(turns: tuple[tuple[str, str, int | None, int | None], ...]) -> bytes:
    return tones([TurnFacts(*turn) for turn in turns])
