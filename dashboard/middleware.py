"""Which workspace a request is in, what caches may mix up, and a short way for programs."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import BigIntegerField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from dashboard.models import Member, User
from dashboard.prepared import Given, Prepared

GetResponse = Callable[[HttpRequest], HttpResponse]
ZONES = available_timezones()
# Asked at every page.
MEMBERSHIPS = Prepared(
    lambda: (
        Member.objects.filter(user=Given("user", BigIntegerField()))
        .select_related("workspace__wallet", "workspace__retention")
        .order_by("created_at")
    )
)
EXPRESS = ("/webhooks/", "/compat/", "/api/", "/healthz", "/readyz", "/metrics")


def express_lane(get_response: GetResponse) -> GetResponse:
    """Answer programs' addresses without sessions, cookies and the rest.

    Webhooks come in bursts: at thousands a second the middlewares that only people
    need would cost as much as the work itself.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        where = (request.path_info, request.META.get("QUERY_STRING", ""))
        has_nul = "\x00" in where[0] or "%00" in where[1]
        # PostgreSQL cannot even look for it. Our API says so in its own shape.
        if has_nul and not where[0].startswith("/api/"):
            return HttpResponse("An address cannot hold a NUL.", status=400)
        if not request.path_info.startswith(EXPRESS):
            return get_response(request)
        match = resolve(request.path_info)
        request.resolver_match = match
        answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return answer

    return middleware


def parts(get_response: GetResponse) -> GetResponse:
    """Have browsers tell a page from a part of it that htmx asked for.

    Both have one address; without this, the way back would show the part alone.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        patch_vary_headers(answer, ("HX-Request", "HX-Target"))
        return answer

    return middleware


def workspace(get_response: GetResponse) -> GetResponse:
    """Set `request.workspace` and the person's memberships for who is logged in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        mine = _memberships(request)
        member = _member(request, mine)
        request.memberships = mine  # type: ignore[attr-defined]
        request.member = member  # type: ignore[attr-defined]
        request.workspace = member.workspace if member else None  # type: ignore[attr-defined]
        if member is None and isinstance(request.user, User) and _needs_one(request):
            words = {
                "reason": "You are in no workspace any more. Ask an admin to add you."
            }
            return render(request, "403.html", words, status=403)
        with timezone.override(_zone(request, member)):
            return get_response(request)

    return middleware


def _zone(request: HttpRequest, member: Member | None) -> ZoneInfo:
    """Return the viewer's time zone: their browser's, else the workspace's."""
    told = request.COOKIES.get("zone", "")
    if told in ZONES:
        return ZoneInfo(told)
    return ZoneInfo(member.workspace.timezone if member else "UTC")


def _needs_one(request: HttpRequest) -> bool:
    """Whether the address is one that makes no sense outside a workspace."""
    return not request.path_info.startswith(("/accounts/", "/static/"))


def _memberships(request: HttpRequest) -> list[Member]:
    """Return the person's memberships, the oldest first."""
    if not isinstance(request.user, User):
        return []
    mine = MEMBERSHIPS.all(user=request.user.pk)
    for row in mine:
        row.user = request.user
    return mine


def _member(request: HttpRequest, mine: list[Member]) -> Member | None:
    """Return the membership chosen last, else the oldest."""
    if not mine:
        return None
    chosen = request.session.get("workspace")
    return next((row for row in mine if row.workspace.slug == chosen), mine[0])
