"""What the frame around every page asks for: live count, theme, workspace."""

from django.conf import settings
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from dashboard.context import THEMES
from dashboard.context import live_count as count_live
from dashboard.htmx import HtmxRequest

YEAR = 365 * 24 * 3600


@require_GET
def live_count(request: HtmxRequest) -> HttpResponse:
    """Answer the poll for the number of live calls; 204 when it is still the same."""
    live = count_live(request.member)
    if request.GET.get("v") == str(live):
        return HttpResponse(status=204)
    return render(request, "components/live_count.html", {"live_calls": live})


@require_POST
def theme(request: HtmxRequest) -> HttpResponse:
    """Remember light or dark in a cookie; anything else follows the system again."""
    response: HttpResponse = HttpResponseRedirect(_next(request))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie(
            "theme",
            chosen,
            max_age=YEAR,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    else:
        response.delete_cookie("theme")
    return response


def _next(request: HtmxRequest) -> str:
    """Return where to go back to, only ever an address of ours."""
    address = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_ours else "/"


@require_POST
def switch_workspace(request: HtmxRequest) -> HttpResponse:
    """Go to another workspace the person is in, and remember it for this session."""
    slug = request.POST.get("workspace", "")
    if not slug:
        return HttpResponseBadRequest("Say which workspace to go to.")
    mine = request.user.memberships.select_related("workspace")
    member = get_object_or_404(mine, workspace__slug=slug)
    request.session["workspace"] = member.workspace.slug
    return redirect("home")
