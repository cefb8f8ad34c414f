"""The command palette: one box that finds places, actions, people and calls."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dashboard.htmx import HtmxRequest, render_page
from dashboard.palette import find


@require_GET
def palette(request: HtmxRequest) -> HttpResponse:
    """Show what fits the words; the frame's dialog asks for the list alone."""
    query = request.GET.get("q", "").strip()[:80]
    context = {"q": query, "groups": find(request.member, query)}
    page = "dashboard/palette.html"
    return render_page(request, page, context, part="palette-results")
