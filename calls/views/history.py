"""The history: the list of calls, its filters, its columns."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import push_url

from calls.forms import calls as shown
from calls.forms import filter_menu
from calls.forms.calls import KINDS, address
from calls.history import asked, columns, counting, pages, search
from calls.history import filters as history
from calls.history.counting import MOST, Count
from calls.history.filters import Filters
from calls.history.search import HitLine
from calls.models import Call, SavedView
from calls.privacy import masking
from calls.views import list_cells
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import Workspace

PARTS = ("list", "rows")
FILTER_PARTS = ("filter", "tag-names")
# Where somebody is in the list, beside the filters.
PLACE = ("after", "before")


@dataclass(frozen=True, slots=True)
class Line:
    """A line in which the words were found, and where it is on the call's page."""

    line: HitLine
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    """A call in the list: its row, and the lines with hits; `more` counts further ones."""

    pk: UUID
    html: SafeString
    lines: list[Line]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Pill:
    """A view one press away; `view` is the saved one, None for those always there."""

    name: str
    query: str
    is_now: bool
    view: SavedView | None = None
    count: Count | None = None

    @property
    def short(self) -> str:
        """How many calls, in few letters."""
        if self.count is None:
            return ""
        return f"{self.count.value:,}" if not self.count.is_more else f"{MOST:,}+"

    @property
    def href(self) -> str:
        """The list as the view has it."""
        return _at(self.query)


BUILT_IN: tuple[tuple[str, Filters], ...] = (
    ("All calls", Filters()),
    ("Live", Filters(status=("live",))),
    ("Not reviewed", Filters(outcome=("conversation",), reviewed=False)),
)


def _at(query: str) -> str:
    return reverse("call_list") + (f"?{query}" if query else "")


@require_safe
@gzip_page
def call_list(request: HtmxRequest) -> HttpResponse:
    """List the calls that fit what the address says."""
    now = timezone.now()
    version = version_of(request.workspace, now)
    if request.GET.get("v") == version:
        return HttpResponse(status=204)
    part = request.htmx.target if request.htmx.target in PARTS else ""
    context = list_context(request, request.GET, now) | {"version": version}
    answer = render_page(request, "calls/call_list.html", context, part=part)
    # The address as we write it, without what a form left empty.
    return push_url(answer, context["here"]) if part == "list" else answer


def version_of(workspace: Workspace, now: datetime) -> str:
    """Return what changes with every call of the workspace; empty without any call."""
    newest = pages.newest_change(workspace)
    # "4 min ago" grows old as well: the minute is part of the version.
    return f"{newest.timestamp()}-{now.timestamp() // 60:.0f}" if newest else ""


def list_context(
    request: HtmxRequest, params: QueryDict, now: datetime
) -> dict[str, Any]:
    """Return what the list shows; `params` are those of its address."""
    workspace, filters = request.workspace, history.read(request.workspace, params)
    query = history.write(filters)
    place = {name: str(params[name]) for name in PLACE if params.get(name)}
    views = list(workspace.saved_views.seen_by(request.member))
    names = columns.of(views, request.member, query)
    page = pages.page(
        workspace,
        filters,
        now,
        after=place.get("after", ""),
        before=place.get("before", ""),
        fields=list_cells.fields(names, is_searched=bool(filters.q)),
    )
    to_name = _to_name(page.calls, names, shown.held(filters))
    tagged = [call.pk for call in page.calls if "tags" in names]
    known = shown.names_of(workspace, to_name, tagged)
    return {
        "filters": filters,
        "query": query,
        "place": _query(query, place),
        "here": _at(_query(query, place)),
        "rows": rows_of(request, page.calls, known, names, filters.q),
        "newest": address(filters) if page.newer else "",
        "newer": page.newer and f"?{_query(query, {'before': page.newer})}",
        "older": page.older and f"?{_query(query, {'after': page.older})}",
        "chips": shown.chips(filters, known.names),
        "kinds": [kind for kind in KINDS.values() if kind.has_menu],
        "searched": history.pairs(replace(filters, q="")),
        "heads": _heads(names, filters),
        "columns": [(c, c.name in names) for c in columns.COLUMNS.values()],
        "names": names,
        "pills": pills(views, query),
        "zones": zones(workspace),
    }


def zones(workspace: Workspace) -> tuple[str, str]:
    """Return the zone of the times shown, and that of days where it is another."""
    mine = str(timezone.get_current_timezone())
    return mine, workspace.timezone if workspace.timezone != mine else ""


def _query(query: str, more: dict[str, str]) -> str:
    """Return a query string with a place in the list behind it."""
    parts = [query, *(f"{name}={value}" for name, value in more.items())]
    return "&".join(part for part in parts if part)


def _to_name(
    calls: list[Call], columns: Iterable[str], held: shown.Held
) -> dict[str, set[Any]]:
    """Return the ids of all rows that the page names, chips and columns alike."""
    wanted: dict[str, set[Any]] = {field: set(ids) for field, ids in held.items()}
    for name in columns:
        for field in list_cells.NAMING.get(name, ()):
            of = list_cells.NAMED[field]
            ids = {getattr(call, of) for call in calls} - {None}
            wanted[field] = wanted.get(field, set()) | {str(one) for one in ids}
    return wanted


def rows_of(
    request: HtmxRequest,
    calls: list[Call],
    known: shown.Known,
    names: Iterable[str],
    q: str,
) -> list[Row]:
    """Return the rows, with all they show, in a few queries for any number of them."""
    reader = masking.reader(request.workspace, request.member)
    found = search.hits(calls, q, reader.text)
    rows, here = [], reverse("call_list")
    query = f"?{urlencode({'q': q})}" if asked.said(q) else ""
    for call in calls:
        # As `get_absolute_url`, which takes its time.
        told = list_cells.Told(call, f"{here}{call.pk}/{query}", known)
        hits = found.get(call.pk, search.Hits())
        lines = [_line(line, told.href) for line in hits.lines]
        rows.append(Row(call.pk, list_cells.row(told, names), lines, hits.more))
    return rows


def _line(line: HitLine, href: str) -> Line:
    if line.start_ms is not None:
        href += f"#t={line.start_ms / 1000:.10g}"
    elif line.index >= 0:
        href += f"#turn-{line.index}"
    return Line(line, href)


def _heads(names: Iterable[str], filters: Filters) -> list[dict[str, Any]]:
    """Return the heads behind those of whom and how it went."""
    heads = [columns.COLUMNS[name] for name in names]
    orders = [columns.order(column, filters) for column in [*heads, columns.TIME]]
    return [
        {"order": order, "href": address(filters, sort=order.sort)} for order in orders
    ]


def pills(
    views: Iterable[SavedView],
    query: str,
    counts: Iterable[Count] = (),
) -> list[Pill]:
    """Return the views one press away, the usual ones first."""
    rows: list[tuple[str, str, SavedView | None]] = [
        (name, history.write(filters), None) for name, filters in BUILT_IN
    ]
    rows += [(view.name, view.query, view) for view in views if view.name]
    known = dict(enumerate(counts))
    return [
        Pill(name, asks, asks == query, view, known.get(index))
        for index, (name, asks, view) in enumerate(rows)
    ]


# --- What the list asks for behind it -----------------------------------------------
@require_safe
def call_count(request: HtmxRequest) -> HttpResponse:
    """Say how many calls fit, up to a limit."""
    filters = history.read(request.workspace, request.GET)
    count = counting.count(request.workspace, filters, timezone.now())
    context = {"count": count, "href": address(filters)}
    # The element that asks is named by what it counts.
    part = "#count" if request.htmx else ""
    return render(request, f"calls/call_count.html{part}", context)


@require_safe
def call_filter(request: HtmxRequest, name: str) -> HttpResponse:
    """Show what one filter may be, to choose from."""
    if name not in KINDS or not KINDS[name].has_menu:
        raise Http404
    text = request.GET.get("find", "").strip()[:80]
    filters = history.read(request.workspace, request.GET)
    context = {
        "menu": filter_menu.menu(request.workspace, filters, KINDS[name], text),
        "find": text,
        "query": history.write(filters),
        "days_in": request.workspace.timezone,
    }
    part = next((p for p in FILTER_PARTS if p == request.htmx.target), "")
    return render_page(request, "calls/call_filter.html", context, part=part)


@require_POST
def call_columns(request: HtmxRequest) -> HttpResponse:
    """Keep the columns somebody chose, and show the list with them."""
    params = QueryDict(request.POST.get("query", ""))
    filters = history.read(request.workspace, params)
    names = request.POST.getlist("column")
    columns.keep(request.member, names, history.write(filters))
    if request.htmx.target != "rows":
        return redirect(address(filters))
    return rows_again(request, params)


def rows_again(request: HtmxRequest, params: QueryDict) -> HttpResponse:
    """Return the rows as the address with these parameters would show them now."""
    now = timezone.now()
    context = list_context(request, params, now)
    context["version"] = version_of(request.workspace, now)
    return render_page(request, "calls/call_list.html", context, part="rows")
