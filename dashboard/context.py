"""What every page's frame shows."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, UUIDField
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from calls.fixed import fixed
from calls.models import Call, CallStatus
from calls.review import looks
from dashboard.counting import CountOf
from dashboard.models import ABILITIES, Member, Workspace
from dashboard.prepared import Given, Prepared

THEMES = ("light", "dark")
LIVE = (CallStatus.DIALING, CallStatus.RINGING, CallStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the console; `ability` empty: everybody may go there."""

    path: str
    label: str
    icon: str
    ability: str = ""
    is_in_tab_bar: bool = True


PLACES = (
    Place("/", "Home", "layout-dashboard"),
    Place("/calls/", "Calls", "phone-call"),
    Place("/calls/looks/", "Needs a look", "eye", is_in_tab_bar=False),
    Place("/contacts/", "Contacts", "users"),
    Place("/agents/", "Agents", "bot"),
    Place("/numbers/", "Numbers", "phone"),
    Place("/connections/", "Connections", "plug-zap", "connect", is_in_tab_bar=False),
    Place("/settings/", "Settings", "settings", is_in_tab_bar=False),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the member, the workspace, and what the frame around a page needs.

    Templates ask `{% if "launch" in may %}`. The lazy values cost a query only where the frame is drawn, not in a partial.
    """
    member: Member | None = getattr(request, "member", None)
    theme = request.COOKIES.get("theme", "")
    frame: dict[str, Any] = {
        "member": member,
        "workspace": member and member.workspace,
        "theme": theme if theme in THEMES else "",
    }
    if member:
        frame["may"] = ABILITIES[member.role]
        frame["places"] = places_for(member)
        frame["current_place"] = place_of(request.path)
        counts = SimpleLazyObject(lambda: counts_of(member))
        frame["live_calls"] = SimpleLazyObject(lambda: counts["live_now"])
        frame["looks_count"] = SimpleLazyObject(lambda: counts["looks_open"])
        frame["spaces"] = sorted(request.memberships, key=_name)  # type: ignore[attr-defined]
    return frame


def places_for(member: Member) -> list[Place]:
    """Return the places the member may go to."""
    return [p for p in PLACES if not p.ability or member.may(p.ability)]


def place_of(path: str) -> str:
    """Return the path of the place that the page at `path` belongs to, or nothing."""
    inside = [p.path for p in PLACES[1:] if path.startswith(p.path)]
    return max(inside, key=len, default="/" if path == "/" else "")


def live_count(member: Member) -> int:
    """Count the calls of the member's workspace that are going on now."""
    return member.workspace.calls.filter(status__in=fixed(LIVE)).count()


def counts_of(member: Member) -> dict[str, Any]:
    """Count the live calls and, up to a limit, what needs a look; one query."""
    found: dict[str, Any] = COUNTS.get(workspace=member.workspace_id)
    return found


def _counts() -> QuerySet[Any, Any]:
    space = Given("workspace", UUIDField())
    live = Call.objects.filter(workspace=space, status__in=fixed(LIVE))
    open_looks = looks.open_looks(space)
    return Workspace.objects.filter(pk=space).values(
        live_now=CountOf(live), looks_open=CountOf(open_looks, looks.MOST_COUNTED)
    )


COUNTS = Prepared(_counts)


def _name(member: Member) -> str:
    """Return what a membership is listed by in the workspace switcher."""
    return member.workspace.name
