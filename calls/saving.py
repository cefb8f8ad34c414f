"""Saving changed calls, with all that a change brings: its story, news, sound, money."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from calls import batches, changes, facts
from calls.billing import money
from calls.hooks import owing
from calls.hooks.owing import Change
from calls.models import Call, CallChange
from calls.sound import audio


def save_all(
    touched: Sequence[Change], story: Iterable[CallChange], now: datetime
) -> None:
    """Save locked calls; what changed of them is owed to those who listen."""
    changed = [change for change in touched if change[2]]
    for call, _, _ in changed:
        call.changed_at = now
    # What changed of none of them is not written.
    news = {name for _, _, names in changed for name in names}
    batches.save([call for call, _, _ in touched], {*facts.BESIDE, *news})
    changes.write(story)
    audio.owe([call for call, _, _ in changed], now)
    owing.owe_all(changed)
    # Last: it holds up others who launch.
    money.settle(*(call for call, _, names in changed if money.is_worth(call, names)))


def save_end(call: Call, before: str, now: datetime) -> None:
    """Save a call that we ended by ourselves, and owe the news of it."""
    names = {"status", "end_reason"}
    call.changed_at = now
    call.save(update_fields=facts.SAVED)
    changes.write([changes.change(call, changes.US, before, names, now, call.note)])
    owing.owe(call, before, names)
    money.settle(call)
