"""The pages of phone numbers: what is set on them, and changing it in the row."""

import uuid
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
from agents.drift import Drift, drifts
from agents.forms import NumberForm
from agents.models import Direction, PhoneNumber
from agents.providers.base import ProviderError
from agents.setups import (
    Change,
    Keeper,
    Names,
    Setup,
    differences,
    keeper,
    keeper_words,
    names_of,
)
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
    names: Names

    @property
    def inbound(self) -> str:
        """Who answers, in words; empty: nobody."""
        side = self.setup.inbound
        return side.words(self.names) if side.agent else ""

    @property
    def outbound(self) -> str:
        """Who calls, in words; empty: whoever is chosen for a call."""
        side = self.setup.outbound
        return side.words(self.names) if side.agent else ""

    @property
    def inbound_off(self) -> str:
        """What is said where nobody answers."""
        here = keeper(self.number.connection, Direction.INBOUND) is Keeper.SWITCHBOARD
        return "off here" if here else "off: nobody answers"

    @property
    def outbound_off(self) -> str:
        """What is said where nobody is bound to call."""
        who = keeper(self.number.connection, Direction.OUTBOUND)
        each = "off: choose an agent at each call"
        return "off: no agent has it" if who is Keeper.AGENTS else each

    @property
    def inbound_kept(self) -> str:
        """Who keeps the binding of calls in, where that is not as usual."""
        return keeper_words(self.number.connection, Direction.INBOUND)

    @property
    def outbound_kept(self) -> str:
        """Who keeps the binding of calls out, where that is not as usual."""
        return keeper_words(self.number.connection, Direction.OUTBOUND)

    @property
    def drifts(self) -> list[Drift]:
        """Where the provider has something else."""
        return drifts(self.number, self.names)

    @property
    def trouble(self) -> str:
        """What the provider says is wrong with it."""
        return str(self.number.theirs.get("trouble", ""))

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
    names = names_of(request.workspace, numbers)
    lines = [Line(number, Setup.of(number), names) for number in numbers]
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
    form = NumberForm(number, asked, names_of(request.workspace, [number]))
    if request.method == "POST" and form.is_valid():
        try:
            entry = binding.change(number, form.wish(), request.user)
        except ProviderError as error:
            form.add_error(None, refused_words(number, error))
        else:
            return _changed(request, number, entry)
    line = Line(number, form.before, form.names)
    context = {"number": number, "form": form, "line": line, "changes": _changes(form)}
    status = 422 if request.method == "POST" else 200
    return render(request, _edit_template(request, number), context, status=status)


@require_POST
def number_drift(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Mend what has drifted in one direction: send ours, or take over theirs."""
    may_bind(request)
    number = number_of(request, pk)
    direction, way = request.POST.get("direction", ""), request.POST.get("way", "")
    if direction not in Direction.values or way not in ("ours", "theirs"):
        return _not_done(request, number, "Say which way to mend it.")
    try:
        if way == "ours":
            setup = Setup.of(number)
            entry = binding.change(number, setup, request.user, resend=[direction])
        else:
            entry = binding.adopt(number, direction, request.user)
    except ProviderError as error:
        return _not_done(request, number, refused_words(number, error))
    except binding.AdoptRefused as refusal:
        return _not_done(request, number, str(refusal))
    there = number.connection.kind.label
    said = f"Sent to {there}." if way == "ours" else f"Taken over from {there}."
    said = said if entry else "It was mended already."
    return _changed(request, number, None, said=said)


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
        return _not_done(request, number, str(refusal))
    except ProviderError as error:
        return _not_done(request, number, refused_words(number, error))
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
    if "cps" not in request.GET:
        return None
    typed = {key: str(value) for key, value in request.GET.items()}
    # The versions belong to an agent: with another one they start at the latest.
    if typed.get("moved") in Direction.values:
        typed[f"{typed['moved']}_version"] = ""
    return typed


def _changes(form: NumberForm) -> list[Change] | None:
    """Return the before and after; None while the form cannot be saved."""
    if not form.is_bound:
        return []
    if not form.can_be_saved:
        return None
    return differences(form.number, form.before, form.wish(), form.names)


def _row(request: HtmxRequest, number: PhoneNumber, **more: Any) -> dict[str, Any]:
    """Return what a row of its own needs."""
    names = names_of(request.workspace, [number])
    return {"line": Line(number, Setup.of(number), names), **more}


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


def _not_done(request: HtmxRequest, number: PhoneNumber, words: str) -> HttpResponse:
    """Answer an undo, or a mending, that could not be."""
    if _targets(request, number, "number"):
        return render(
            request, ROW, _row(request, number, problem=words, is_back=True), status=422
        )
    messages.error(request, words)
    return redirect(f"{reverse('number_list')}?only={number.pk}")
