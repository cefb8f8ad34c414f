"""Where copies of a call are, and the state of each."""

from dataclasses import dataclass

from django.db.models import Count, Max, Q
from django.template.defaultfilters import filesizeformat

from calls.models import Call, Delivery, ErasedKind, RecordingState, WebhookEvent
from calls.sound import audio


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy: where it is and its state in words; `kind` (ErasedKind) erases it.

    An empty `kind`: it is not erased from here.
    """

    name: str
    state: str
    kind: str = ""
    is_there: bool = True


def copies(call: Call) -> list[Copy]:
    """Return every copy of a call that there is, or was, as far as we know."""
    return [
        _transcript(call),
        _recording(call),
        _webhooks(call),
        Copy("The call’s row", _row(call), ErasedKind.CALL),
        *_elsewhere(call),
    ]


def _transcript(call: Call) -> Copy:
    lines, tools = call.turns.count(), call.tool_calls.count()
    if call.transcript_erased_at:
        day = f"{call.transcript_erased_at:%d %b %Y}"
        return _gone("Transcript and summary", f"Erased on {day}.")
    if not lines and not tools and not call.summary:
        return _gone("Transcript and summary", "There is none.")
    parts = [_count(lines, "line"), _count(tools, "tool call")]
    if call.summary:
        parts.append("the summary")
    return Copy("Transcript and summary", _listed(parts), ErasedKind.TRANSCRIPT)


def _recording(call: Call) -> Copy:
    row = audio.kept(call)
    name, kind = "Recording", ErasedKind.RECORDING
    if row and row.state == RecordingState.ERASED:
        return _gone(name, "Erased.")
    if row and row.state == RecordingState.KEPT:
        size = filesizeformat(row.bytes or 0).replace("\xa0", " ")
        return Copy(name, f"Kept here, {size}.", kind)
    if audio.is_ours(call):
        return Copy(name, "Made here from the transcript, when it is played.", kind)
    if row or call.recording_url:
        return Copy(name, "Not here; only its address at the provider.", kind)
    return _gone(name, "There is none.")


def _webhooks(call: Call) -> Copy:
    kept = ~Q(body="")
    came = WebhookEvent.objects.filter(call=call).aggregate(
        all=Count("pk"), full=Count("pk", filter=kept)
    )
    sent = Delivery.objects.filter(call=call).aggregate(
        all=Count("pk"), full=Count("pk", filter=kept)
    )
    name = "Webhooks, in and out"
    if came["full"] or sent["full"]:
        told = [_count(came["full"], "webhook"), _count(sent["full"], "delivery")]
        return Copy(name, _listed(told), ErasedKind.WEBHOOKS)
    return _gone(name, "Emptied." if came["all"] or sent["all"] else "There are none.")


def _row(call: Call) -> str:
    notes = call.notes.count()
    more = f" and {_count(notes, 'note')}" if notes else ""
    return f"Numbers, variables, outcome, tags{more}. With it all of the above goes."


def _elsewhere(call: Call) -> list[Copy]:
    label = call.connection.kind.label
    told = (
        f"Switchboard erases nothing at {label}. Erase it there, or have it erased by "
        "how long your account keeps it."
    )
    shares = call.shares.filter(revoked_at=None).count()
    rows = [Copy(f"At {label}", told)]
    if shares:
        said = f"{_count(shares, 'link')}; they show what is still here."
        rows.append(Copy("Shared links", said))
    rows += _exports(call)
    rows.append(
        Copy(
            "Exports and webhooks of others",
            "Files that were downloaded, and what receivers of webhooks kept, are not "
            "reached from here.",
        )
    )
    return rows


def _exports(call: Call) -> list[Copy]:
    """Return the files of exports that are kept here and may hold the call."""
    rows = call.workspace.exports.exclude(file="")
    found = rows.filter(created_at__gte=call.created_at).aggregate(
        count=Count("pk"), until=Max("expires_at")
    )
    if not found["count"]:
        return []
    files = _count(found["count"], "file")
    told = f"{files} made since the call may hold it. The last goes by itself on "
    return [Copy("Exports kept here", f"{told}{found['until']:%d %b %Y}.")]


def _gone(name: str, state: str) -> Copy:
    return Copy(name, state, is_there=False)


def _count(count: int, noun: str) -> str:
    if not count:
        return ""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def _listed(parts: list[str]) -> str:
    told = [part for part in parts if part]
    words = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]
    return f"{words[:1].upper()}{words[1:]}."
