"""The pages of phone numbers: what is set on them, and changing it in the row."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from agents import binding, phone
from agents.forms import NumberForm
from agents.models import Direction, PhoneNumber
from agents.providers.base import ProviderError
from agents.setups import Change, Setup, differences, drift, lives_there, resent
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import AuditEntry, Workspace

PER_PAGE = 50
ROW = "agents/components/number_row.html"
FORM_ROW = "agents/components/number_form_row.html"


@dataclass(frozen=True, slots=True)
class Line:
    """One number as its row shows it."""

    number: PhoneNumber
    setup: Setup
    drift: list[str]

    @property
    def inbound_kept_here(self) -> bool:
        """Whether the provider does not know who answers."""
        return not lives_there(self.number.connection, "inbound")

    @property
    def outbound_kept_here(self) -> bool:
        """Whether the provider does not know who calls."""
        return not lives_there(self.number.connection, "outbound")

    @property
    def pace(self) -> str:
        """Its calls per second, and the most its carrier takes."""
        noun = "call" if self.setup.cps == 1 else "calls"
        most = self.number.cps_ceiling()
        limit = "the most it takes" if self.setup.cps >= most else f"at most {most}"
        return f"{self.setup.cps:f} {noun} a second, {limit}"

    @property
    def countries(self) -> str:
        """The countries it may call, by name where they are few."""
        codes = self.setup.countries
        if len(codes) > 3:
            return ", ".join(codes)
        return ", ".join(map(phone.country_name, codes)) or "Every country"


@require_safe
def number_list(request: HtmxRequest) -> HttpResponse:
    """Show the numbers that the search finds; `only` asks for a single row again."""
    wanted = request.GET.get("q", "").strip()
    rows = search_numbers(request.workspace, wanted)
    if only := request.GET.get("only"):
        number = number_of(request, uuid_or_404(only))
        if _targets(request, number, "number"):
            return render(request, ROW, _row(request, number, is_back=True))
        rows = rows.filter(pk=number.pk)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    numbers = list(page)
    names = agent_names(request.workspace, numbers)
    lines = [Line(n, Setup.of(n), drift(n, names)) for n in numbers]
    context = {
        "page": page,
        "lines": lines,
        "q": wanted,
        "only": only,
        "entry": _last_change(request, numbers) if only else None,
    }
    return render_page(request, "agents/number_list.html", context, part="rows")


def search_numbers(workspace: Workspace, text: str) -> Any:
    """Return the numbers `text` finds: by label, agent, connection, or in any format."""
    rows = workspace.numbers.current().for_list()
    if not text:
        return rows
    bound = workspace.agents.filter(name__icontains=text, bindings__ended_at=None)
    found = (
        Q(label__icontains=text)
        | Q(connection__name__icontains=text)
        | Q(pk__in=bound.values("bindings__number"))
    )
    for digits in phone.spellings(text, workspace.country):
        found |= Q(number__contains=digits)
    return rows.filter(found)


@require_http_methods(["GET", "HEAD", "POST"])
def number_edit(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Change a number: in its row, or on a page of its own."""
    may_bind(request)
    number = number_of(request, pk)
    asked = request.POST if request.method == "POST" else _preview(request)
    form = NumberForm(number, asked)
    if request.method == "POST" and form.is_valid():
        try:
            entry = binding.change(
                number, form.wish(), request.user, resend=form.resends
            )
        except ProviderError as error:
            form.add_error(None, refused_words(number, error))
        else:
            return _changed(request, number, entry)
    context = {
        "number": number,
        "form": form,
        "changes": _changes(request.workspace, form),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, _edit_template(request, number), context, status=status)


@require_POST
def number_undo(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Take back the change that the audit entry `entry` recorded."""
    may_bind(request)
    number = number_of(request, pk)
    wanted = request.POST.get("entry", "")
    mine = request.workspace.audit.filter(
        action=binding.ACTION, subject=binding.subject(number)
    )
    entry = get_object_or_404(mine, pk=wanted if wanted.isdecimal() else 0)
    try:
        binding.undo(number, entry, request.user)
    except binding.UndoRefused as refusal:
        return _not_undone(request, number, str(refusal))
    except ProviderError as error:
        return _not_undone(request, number, refused_words(number, error))
    return _changed(request, number, None, said="Taken back.")


# --- What they share -----------------------------------------------------------------
def may_bind(request: HtmxRequest) -> None:
    """Let only those pass who may change numbers."""
    if not request.member.may("bind"):
        raise PermissionDenied(
            "You may see the numbers, but not change them. Ask an admin to do it."
        )


def uuid_or_404(text: str) -> uuid.UUID:
    """Read an id; one that no row can have where it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def number_of(request: HtmxRequest, pk: uuid.UUID) -> PhoneNumber:
    """Return a number of the workspace as its row shows it."""
    rows = request.workspace.numbers.current().for_list()
    number: PhoneNumber = get_object_or_404(rows, pk=pk)
    return number


def agent_names(
    workspace: Workspace, numbers: Iterable[PhoneNumber]
) -> Mapping[str, str]:
    """Return the names of the agents the provider has bound, by its own ids."""
    theirs = (n.theirs[d] for n in numbers for d in Direction.values if d in n.theirs)
    ids = {side["agent_id"] for side in theirs if side.get("agent_id")}
    rows = workspace.agents.filter(provider_agent_id__in=ids).order_by()
    return dict(rows.values_list("provider_agent_id", "name"))


def refused_words(number: PhoneNumber, error: ProviderError) -> str:
    """Say that the provider did not take a change, in its words."""
    return f"Nothing was changed. {number.connection.kind.label} said: {error.message}"


def _targets(request: HtmxRequest, number: PhoneNumber, part: str) -> bool:
    """Tell whether htmx asks for this part of this number's row."""
    return bool(request.htmx) and request.htmx.target == f"{part}-{number.pk}"


def _edit_template(request: HtmxRequest, number: PhoneNumber) -> str:
    """Return the template that fits what was asked for."""
    if _targets(request, number, "changes"):
        return "agents/components/number_preview.html"
    if _targets(request, number, "number"):
        return FORM_ROW
    return "agents/number_edit.html"


def _preview(request: HtmxRequest) -> dict[str, str] | None:
    """Return what is typed so far, to be shown as before and after; None: nothing."""
    if "inbound_agent" not in request.GET:
        return None
    typed = {key: str(value) for key, value in request.GET.items()}
    # The versions belong to an agent: with another one they start at the latest.
    if typed.get("moved") in Direction.values:
        typed[f"{typed['moved']}_version"] = ""
    return typed


def _changes(workspace: Workspace, form: NumberForm) -> list[Change] | None:
    """Return the before and after; None while the form cannot be saved."""
    if not form.is_bound:
        return []
    if not form.is_valid():
        return None
    number, wish = form.number, form.wish()
    changes = differences(number, form.before, wish)
    if form.resends:
        changes += resent(number, wish, agent_names(workspace, [number]))
    return changes


def _row(request: HtmxRequest, number: PhoneNumber, **more: Any) -> dict[str, Any]:
    """Return what a row of its own needs."""
    names = agent_names(request.workspace, [number])
    return {"line": Line(number, Setup.of(number), drift(number, names)), **more}


def _last_change(request: HtmxRequest, numbers: list[PhoneNumber]) -> AuditEntry | None:
    """Return the change just made, so that its row can offer to undo it."""
    wanted = request.GET.get("changed", "")
    if not wanted.isdecimal() or not numbers:
        return None
    own = request.workspace.audit.filter(action=binding.ACTION)
    return own.filter(pk=wanted, subject=binding.subject(numbers[0])).first()


def _changed(
    request: HtmxRequest,
    number: PhoneNumber,
    entry: AuditEntry | None,
    said: str = "Saved.",
) -> HttpResponse:
    """Answer a change: the row as it is now, or the list with it."""
    can_undo = entry if entry and entry.action == binding.ACTION else None
    if _targets(request, number, "number"):
        fresh = number_of(request, number.pk)
        row = _row(request, fresh, entry=can_undo, said=said, is_back=True)
        return render(request, ROW, row)
    messages.success(request, f"{phone.pretty(number.number)}: {said}")
    changed = f"&changed={can_undo.pk}" if can_undo else ""
    return redirect(f"{reverse('number_list')}?only={number.pk}{changed}")


def _not_undone(request: HtmxRequest, number: PhoneNumber, words: str) -> HttpResponse:
    """Answer an undo that could not be."""
    if _targets(request, number, "number"):
        return render(
            request, ROW, _row(request, number, problem=words, is_back=True), status=422
        )
    messages.error(request, words)
    return redirect(f"{reverse('number_list')}?only={number.pk}")
