"""What is done to many calls of the list at once."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from calls.forms.calls import address
from calls.history import filters as history
from calls.history import pages, taking
from calls.people import do_not_call
from calls.review import reviewing, tags
from calls.views import exports
from calls.views.history import rows_again
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import AuditEntry

# So many at a time; the rest is narrowed down, or done in a second go.
MOST = 10_000
# The digest takes in more than these, within seconds.
AT_ONCE = 50
Ids = Sequence[uuid.UUID]
Outcome = tuple[str, str]
NOTHING = ("warning", "Select calls first: nothing was changed.")
NAMELESS = ("warning", "Write the name of the tag first.")
TOO_MANY = (
    f"At most {history.MOST_VALUES} selected calls go into a file. For more, narrow "
    "the list and take all that fit."
)
MAY_NOT = "Your role may not put numbers on the do-not-call list. Ask a manager."


@require_POST
def call_bulk(request: HtmxRequest) -> HttpResponse:
    """Do something to the selected calls, or to all that fit the filters."""
    now, do = timezone.now(), request.POST.get("do", "")
    ids, is_cut = selected(request, now)
    if do == "no_call" and ids:
        return _ask(request, ids)
    if do == "export" and ids:
        return _export(request, ids)
    verb = VERBS.get(do)
    kind, said = verb(request, ids, now) if verb and ids else NOTHING
    if is_cut and verb:
        said += f" These were the first {MOST:,}: do it again for the rest."
    return _answer(request, kind, said)


def selected(request: HtmxRequest, now: datetime) -> tuple[list[uuid.UUID], bool]:
    """Return the ids of the selected calls, and whether there are more than MOST."""
    if request.POST.get("all"):
        params = QueryDict(request.POST.get("query", ""))
        filters = history.read(request.workspace, params)
        found: list[uuid.UUID] = []
        for chunk in pages.chunks(request.workspace, filters, now):
            found += chunk
            if len(found) > MOST:
                return found[:MOST], True
        return found, False
    ticked = {one for text in request.POST.getlist("call") if (one := _uuid(text))}
    mine = request.workspace.calls.filter(pk__in=list(ticked)[:MOST])
    return list(mine.values_list("pk", flat=True)), False


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


# --- The verbs -----------------------------------------------------------------------
def _review(request: HtmxRequest, ids: Ids, now: datetime) -> Outcome:
    count = _mark(request, ids, now, is_reviewed=True)
    return "success", f"{_calls(count)} marked as reviewed.{_rest(ids, count)}"


def _unreview(request: HtmxRequest, ids: Ids, now: datetime) -> Outcome:
    count = _mark(request, ids, now, is_reviewed=False)
    return "success", f"{_calls(count)} no longer marked as reviewed."


def _mark(request: HtmxRequest, ids: Ids, now: datetime, *, is_reviewed: bool) -> int:
    """Mark calls; what the list shows of some is right at once, of many in a moment."""
    rows = request.workspace.calls.filter(pk__in=ids)
    with transaction.atomic():
        count = reviewing.mark(list(rows), request.user, now, is_reviewed=is_reviewed)
        if len(ids) <= AT_ONCE:
            taking.take_in(list(rows.all()), now)
    return count


def _tag(request: HtmxRequest, ids: Ids, now: datetime) -> Outcome:
    if not (name := tags.clean(request.POST.get("tag", ""))):
        return NAMELESS
    count = tags.add_to(request.workspace, ids, name, request.user, now)
    return "success", f"{_calls(count)} tagged “{name}”.{_rest(ids, count)}"


def _untag(request: HtmxRequest, ids: Ids, now: datetime) -> Outcome:
    if not (name := tags.clean(request.POST.get("tag", ""))):
        return NAMELESS
    count = tags.remove_from(request.workspace, ids, name, request.user, now)
    return "success", f"The tag “{name}” was taken off {_calls(count)}."


VERBS: dict[str, Callable[[HtmxRequest, Ids, datetime], Outcome]] = {
    "review": _review,
    "unreview": _unreview,
    "tag": _tag,
    "untag": _untag,
}


def _calls(count: int) -> str:
    return f"{count:,} call{'s' * (count != 1)}"


def _rest(ids: Ids, count: int) -> str:
    """Say of how many it was so already."""
    rest = len(ids) - count
    return f" {rest:,} already {'was' if rest == 1 else 'were'}." if rest else ""


def _answer(request: HtmxRequest, kind: str, said: str) -> HttpResponse:
    """Show the list again with what was done, where the person was in it."""
    params = QueryDict(request.POST.get("query", ""))
    if request.htmx.target == "rows":
        is_done = kind == "success"
        # Where nothing was done the selection stays.
        answer = rows_again(request, params) if is_done else HttpResponse(status=204)
        trigger_client_event(answer, "toast", {"text": said, "kind": kind})
        return trigger_client_event(answer, "bulkDone", {}) if is_done else answer
    messages.add_message(request, LEVELS[kind], said)
    return redirect(address(history.read(request.workspace, params)))


LEVELS = {"success": messages.SUCCESS, "warning": messages.WARNING}


# --- Export --------------------------------------------------------------------------
def _export(request: HtmxRequest, ids: Ids) -> HttpResponse:
    """Show what a file of the selected calls may hold, in the order of the list."""
    query = request.POST.get("query", "")
    if request.POST.get("all"):
        return redirect(f"{reverse('export_new')}?{query}")
    if len(ids) > history.MOST_VALUES:
        return _answer(request, "warning", TOO_MANY)
    sort = history.read(request.workspace, QueryDict(query)).sort
    chosen = history.Filters(call=tuple(ids), sort=sort)
    return exports.new_page(request, history.write(chosen))


# --- Do not call ---------------------------------------------------------------------
def _ask(request: HtmxRequest, ids: Ids) -> HttpResponse:
    """Say how many numbers it is about, and ask."""
    _need_edit(request)
    params = QueryDict(request.POST.get("query", ""))
    context = {
        "numbers": do_not_call.numbers_of(request.workspace, ids),
        "calls": len(ids),
        "most": MOST,
        "back": address(history.read(request.workspace, params)),
        "query": request.POST.get("query", ""),
        "is_all": bool(request.POST.get("all")),
        "ids": [] if request.POST.get("all") else ids,
    }
    return render_page(request, "calls/call_no_call.html", context)


@require_POST
def call_no_call(request: HtmxRequest) -> HttpResponse:
    """Put the numbers of the selected calls on the do-not-call list."""
    _need_edit(request)
    now = timezone.now()
    ids, _ = selected(request, now)
    numbers = do_not_call.numbers_of(request.workspace, ids)
    params = QueryDict(request.POST.get("query", ""))
    context = {
        "numbers": numbers,
        "entry": do_not_call.add(request.workspace, numbers.new, request.user, now)
        if numbers.new
        else None,
        "back": address(history.read(request.workspace, params)),
        "query": request.POST.get("query", ""),
    }
    return render_page(request, "calls/call_no_call_done.html", context)


@require_POST
def call_no_call_undo(request: HtmxRequest, entry: int) -> HttpResponse:
    """Take back what somebody has just put on the do-not-call list."""
    _need_edit(request)
    row: AuditEntry = get_object_or_404(request.workspace.audit, pk=entry)
    now = timezone.now()
    params = QueryDict(request.POST.get("query", ""))
    if do_not_call.may_undo(row, request.user, now):
        count = do_not_call.take_back(row, request.user, now)
        messages.success(
            request, f"{count:,} number{'s' * (count != 1)} may be called again."
        )
    else:
        messages.warning(
            request,
            "It is too late to undo this. An admin can take numbers off the "
            "do-not-call list in the settings.",
        )
    return redirect(address(history.read(request.workspace, params)))


def _need_edit(request: HtmxRequest) -> None:
    if not request.member.may("edit_contacts"):
        raise PermissionDenied(MAY_NOT)
