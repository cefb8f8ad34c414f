"""Who really answered: what a person says goes before what the provider heard."""

from datetime import datetime

from django.db import transaction

from calls import changes
from calls.models import Call
from calls.models.call import AnsweredBy
from dashboard.models import User

# What a person can say of who answered.
CORRECTIONS: dict[str, str] = {
    AnsweredBy.HUMAN: "Corrected: a person answered.",
    AnsweredBy.MACHINE: "Corrected: a voicemail answered.",
}


def correct(call: Call, answered_by: str, by: User, now: datetime) -> None:
    """Say who really answered; the provider's word is kept beside it.

    Raises KeyError when `answered_by` is none of CORRECTIONS.
    """
    words = CORRECTIONS[answered_by]
    with transaction.atomic():
        known = _locked(call)
        heard = known.answered_by_heard or known.answered_by or AnsweredBy.UNKNOWN
        if known.answered_by == answered_by:
            return
        known.answered_by = answered_by
        known.answered_by_heard = "" if answered_by == heard else heard
        _save(known, by, now, words)


def take_back(call: Call, by: User, now: datetime) -> None:
    """Believe the provider again of who answered."""
    with transaction.atomic():
        known = _locked(call)
        if not known.answered_by_heard:
            return
        known.answered_by, known.answered_by_heard = known.answered_by_heard, ""
        _save(known, by, now, "The correction of who answered was taken back.")


def _locked(call: Call) -> Call:
    return Call.objects.select_for_update(no_key=True).get(pk=call.pk)


def _save(call: Call, by: User, now: datetime, words: str) -> None:
    call.changed_at = now
    call.save(update_fields=["answered_by", "answered_by_heard", "changed_at"])
    changes.by_hand(call, by, now, words)
