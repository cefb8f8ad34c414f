"""Tags on calls: hung there and taken off, for one call or for thousands."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from calls import changes
from calls.models import Call, CallTag, Tag
from dashboard.models import User, Workspace

LONGEST = 40
Ids = Iterable[uuid.UUID]


def clean(text: str) -> str:
    """Return a tag's name as it is kept: single spaces, not too long; may be empty."""
    return " ".join(text.split())[:LONGEST].strip()


# --- One call ------------------------------------------------------------------------
def add(call: Call, name: str, by: User) -> Tag:
    """Hang a tag on a call; its name may not be empty."""
    add_to(call.workspace, [call.pk], name, by, timezone.now())
    return call.workspace.tags.get(name__iexact=clean(name))


def remove(call: Call, tag: Tag, by: User) -> None:
    """Take a tag off a call."""
    remove_from(call.workspace, [call.pk], tag.name, by, timezone.now())


# --- Many calls ----------------------------------------------------------------------
@transaction.atomic
def add_to(
    workspace: Workspace, call_ids: Ids, name: str, by: User, now: datetime
) -> int:
    """Hang a tag on calls of the workspace; return on how many it was not yet.

    A tag of the same name in other letters is the same tag.
    """
    # Locked, so that whoever takes it off its last call does not delete it meanwhile.
    tag, _ = workspace.tags.select_for_update().get_or_create(
        name__iexact=clean(name),
        # A queryset that locks does not know whose tags it is about.
        defaults={"name": clean(name), "workspace": workspace},
    )
    calls = workspace.calls.filter(pk__in=set(call_ids)).exclude(call_tags__tag=tag)
    ids = list(calls.values_list("pk", flat=True))
    CallTag.objects.bulk_create(
        [CallTag(call_id=pk, tag=tag, user=by, created_at=now) for pk in ids],
        ignore_conflicts=True,
    )
    _tell(workspace, ids, by, now, f"Tagged “{tag.name}”.")
    return len(ids)


@transaction.atomic
def remove_from(
    workspace: Workspace, call_ids: Ids, name: str, by: User, now: datetime
) -> int:
    """Take a tag off calls; return off how many.

    A tag on no call is forgotten, unless a saved view or a rule asks for it by its id.
    """
    tags = workspace.tags.select_for_update()
    tag = tags.filter(name__iexact=clean(name)).first()
    if tag is None:
        return 0
    hung = tag.call_tags.filter(call__in=set(call_ids))
    ids = list(hung.values_list("call", flat=True))
    hung.delete()
    if not tag.call_tags.exists() and not _is_asked_for(tag):
        tag.delete()
    _tell(workspace, ids, by, now, f"The tag “{tag.name}” was taken off.")
    return len(ids)


def _is_asked_for(tag: Tag) -> bool:
    space, word = tag.workspace, str(tag.pk)
    asking = (space.saved_views, space.look_rules)
    return any(rows.filter(query__contains=word).exists() for rows in asking)


def _tell(
    workspace: Workspace,
    call_ids: Sequence[uuid.UUID],
    by: User,
    now: datetime,
    note: str,
) -> None:
    """Write it into the story of each call; pages that are open see the change."""
    changes.all_by_hand([(pk, note) for pk in call_ids], by, now)
    workspace.calls.filter(pk__in=call_ids).update(changed_at=now)
