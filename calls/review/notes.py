"""Notes that people write on a call, or on one turn of it.

A deleted note can be brought back for some minutes: until then the page of whoever
deleted it holds it, signed.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import transaction

from calls import changes
from calls.models import Call, Note
from dashboard.models import User

LONGEST = 4_000
SALT = "calls.notes"
UNDO = timedelta(minutes=30)


class NoNote(ValueError):
    """A note that cannot be written; says why in words."""


def add(
    call: Call, by: User, text: str, now: datetime, turn_index: int | None = None
) -> Note:
    """Write a note on a call, or on its turn with this index; raises NoNote."""
    words = _checked(text)
    turn = None
    if turn_index is not None:
        turn = call.turns.filter(index=turn_index).first()
        if turn is None:
            raise NoNote("That line of the transcript is not there any more.")
    with transaction.atomic():
        note = Note.objects.create(
            call=call, turn=turn, user=by, text=words, created_at=now
        )
        changes.by_hand(call, by, now, "Wrote a note.")
    return note


def edit(note: Note, text: str, now: datetime) -> None:
    """Change what one's own note says; raises NoNote."""
    note.text, note.edited_at = _checked(text), now
    note.save(update_fields=["text", "edited_at"])


def delete(note: Note, by: User, now: datetime) -> str:
    """Delete a note; return what `bring_back` takes to undo that."""
    kept = {
        "id": str(note.pk),
        "call": str(note.call_id),
        "turn": note.turn and note.turn.index,
        "text": note.text,
        "user": note.user_id,
        "at": note.created_at.isoformat(),
        "edited": note.edited_at and note.edited_at.isoformat(),
    }
    with transaction.atomic():
        note.delete()
        changes.by_hand(note.call, by, now, "Deleted a note.")
    return signing.dumps(kept, salt=SALT, compress=True)


def bring_back(call: Call, token: str, by: User, now: datetime) -> Note:
    """Write a deleted note again, as it was; raises NoNote."""
    try:
        kept: dict[str, Any] = signing.loads(token, salt=SALT, max_age=UNDO)
    except signing.BadSignature as error:
        raise NoNote("It is too late to bring the note back.") from error
    if kept["call"] != str(call.pk):
        raise NoNote("That note belongs to another call.")
    edited = kept["edited"]
    facts = {
        "call": call,
        "turn": call.turns.filter(index=kept["turn"]).first()
        if kept["turn"] is not None
        else None,
        "user": User.objects.filter(pk=kept["user"]).first(),
        "text": kept["text"],
        "created_at": datetime.fromisoformat(kept["at"]),
        "edited_at": datetime.fromisoformat(edited) if edited else None,
    }
    with transaction.atomic():
        note, is_new = Note.objects.get_or_create(
            pk=uuid.UUID(kept["id"]), defaults=facts
        )
        if is_new:
            changes.by_hand(call, by, now, "Brought a deleted note back.")
    return note


def _checked(text: str) -> str:
    words = text.replace("\x00", "").strip()
    if not words:
        raise NoNote("The note is empty. Write something first.")
    if len(words) > LONGEST:
        raise NoNote(f"A note has at most {LONGEST:,} characters.")
    return words
