"""Call now: the form, what it says before the click, and the click."""

import uuid
from typing import TypeVar

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import IntegrityError, models, transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from calls import launch, tasks
from calls.forms import callee, opening
from calls.forms.launch import LaunchForm
from calls.models import Call
from calls.refusals import LaunchRefused
from dashboard.htmx import HtmxRequest, render_page

Row = TypeVar("Row", bound=models.Model)


@require_http_methods(["GET", "POST"])
def call_new(request: HtmxRequest) -> HttpResponse:
    """Open the call form, or launch what it says: once, however often it is sent."""
    _must_launch(request)
    if request.method == "GET":
        wanted = _wanted(request)
        data = opening.data(request.workspace, wanted)
        form = LaunchForm(request.member, data)
        return _show(request, form, {"again": wanted.again})
    try:
        form, call = _launch(request)
    except launch.LaunchConflict as conflict:
        form = LaunchForm(request.member, _with_fresh_key(request))
        return _show(request, form, {"first": conflict.call}, status=422)
    return redirect(call) if call else _show(request, form, {}, status=422)


@require_http_methods(["GET", "POST"])
def call_preview(request: HtmxRequest) -> HttpResponse:
    """Say what the form means as it stands; nothing is launched."""
    _must_launch(request)
    if request.method == "GET":
        return redirect("call_new")
    data = request.POST.dict()
    if contact_id := data.pop("pick", ""):
        contact = _find(request.workspace.contacts.all(), str(contact_id))
        data |= {"contact": str(contact_id), "who": str(contact)}
    form = LaunchForm(request.member, data)
    return _show(request, form, {})


@require_GET
def call_suggest(request: HtmxRequest) -> HttpResponse:
    """List the contacts that fit what is typed into "Who"."""
    _must_launch(request)
    text = request.GET.get("who", "")
    found = callee.suggest(request.workspace, text)
    if request.htmx:
        template = "calls/parts/launch_suggestions.html"
        return render(request, template, {"suggestions": found})
    start = opening.data(request.workspace, opening.Opening(to=text))
    form = LaunchForm(request.member, start)
    return _show(request, form, {"suggestions": found})


def _launch(request: HtmxRequest) -> tuple[LaunchForm, Call | None]:
    """Launch unless something speaks against it; a repeat finds the first call.

    Two tabs, or two people, take turns, so that the second sees the call of the first.
    """
    try:
        with transaction.atomic():
            launch.take_turns(request.workspace)
            form = LaunchForm(request.member, request.POST.dict())
            if not form.may_go:
                # A repeat finds the first call, whatever speaks against one more.
                is_repeat = form.launched and form.is_valid()
                return form, _first(form) if is_repeat else None
            call = launch.write(form.plan, form.key, form.plan.scheduled_at)
            tasks.nudge(call)
    except LaunchRefused as error:
        form.refusals = [error.refusal]
        return form, None
    except IntegrityError:
        if first := _first(form):
            return form, first
        raise
    return form, call


def _first(form: LaunchForm) -> Call | None:
    """Return the call that this very form has launched already."""
    return launch.repeated(form.plan, form.key, form.plan.scheduled_at)


def _must_launch(request: HtmxRequest) -> None:
    if not request.member.may("launch"):
        raise PermissionDenied(
            "You may read calls, but not launch them. Ask an admin to make you a "
            "sales manager."
        )


def _wanted(request: HtmxRequest) -> opening.Opening:
    """Read what the address names; what the workspace does not have is a 404."""
    space, named = request.workspace, request.GET
    number = named.get("number", "")
    numbers = space.numbers.current().for_list()
    return opening.Opening(
        contact=_find(space.contacts.all(), named.get("contact", "")),
        agent=_find(space.agents.current(), named.get("agent", "")),
        number=numbers.filter(number=number).first() or _find(numbers, number),
        to=named.get("to", ""),
        again=_find(
            space.calls.select_related("contact", "agent"), named.get("again", "")
        ),
    )


def _find(rows: "models.QuerySet[Row]", pk: str) -> Row | None:
    """Return the row with that id; None where none was asked for."""
    if not pk:
        return None
    try:
        return rows.get(pk=uuid.UUID(pk))
    except (ValueError, ObjectDoesNotExist):
        raise Http404("There is no such row in this workspace.") from None


def _with_fresh_key(request: HtmxRequest) -> dict[str, str]:
    return {**request.POST.dict(), "launch_key": str(uuid.uuid4())}


def _show(
    request: HtmxRequest,
    form: LaunchForm,
    context: dict[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    context |= {"form": form}
    template = "calls/call_new.html"
    return render_page(request, template, context, part="form", status=status)
