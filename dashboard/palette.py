"""What the command palette finds for some words, group by group."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q

from agents import phone
from dashboard.context import places_for
from dashboard.models import Member, Workspace
from dashboard.templatetags.ui import status_words, when

PER_GROUP = 5
NEW_CALL = "/calls/new/"


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing to go to; `words` is what else could be typed to find it."""

    icon: str
    label: str
    href: str
    rest: str = ""
    key: str = ""
    words: str = ""

    def fits(self, query: str) -> bool:
        """Tell whether every word typed is in it, whatever the capitals."""
        text = f"{self.label} {self.words}".casefold()
        return all(word in text for word in query.casefold().split())


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of one kind, under their heading."""

    label: str
    hits: tuple[Hit, ...]


# Action, and the ability it takes (empty: none).
ACTIONS = (
    (Hit("phone-outgoing", "Call now", NEW_CALL, key="C", words="new dial"), "launch"),
    (Hit("user-plus", "New contact", "/contacts/new/", words="add"), "edit_contacts"),
    (
        Hit("upload", "Import contacts", "/contacts/import/", words="csv file"),
        "edit_contacts",
    ),
    (Hit("plug-zap", "Connect a provider", "/connections/new/"), "connect"),
    (Hit("user-plus", "Add a person", "/settings/people/"), "administer"),
    (Hit("key-round", "API keys", "/settings/keys/", words="token"), "administer"),
    (Hit("phone-off", "Do-not-call list", "/settings/do-not-call/"), ""),
    (Hit("braces", "Variables", "/settings/variables/", words="context facts"), ""),
    (Hit("wallet", "Money", "/settings/money/", words="wallet spend cost"), "launch"),
    (
        Hit(
            "circle-user", "Your account", "/settings/account/", words="password theme"
        ),
        "",
    ),
)


def find(member: Member, query: str) -> list[Group]:
    """Return the groups that have something for the words, the likeliest first."""
    workspace = member.workspace
    groups = (
        Group("Call", tuple(_dial(member, query))),
        Group("Contacts", tuple(_contacts(workspace, query))),
        Group("Calls", tuple(_calls(workspace, query))),
        Group("Agents", tuple(_agents(workspace, query))),
        Group("Numbers", tuple(_numbers(workspace, query))),
        Group("Actions", tuple(_fitting(_actions(member), query))),
        Group("Go to", tuple(_fitting(_places(member), query))),
    )
    return [group for group in groups if group.hits]


def _dial(member: Member, query: str) -> Iterable[Hit]:
    """Offer to call a number that was typed, unless a contact has it."""
    workspace = member.workspace
    found = phone.parse(query, workspace.country) if _runs(workspace, query) else None
    if not found or not member.may("launch"):
        return
    if not workspace.contacts.filter(number=found.e164).exists():
        href = f"{NEW_CALL}?{urlencode({'to': found.e164})}"
        yield Hit("phone-outgoing", f"Call {found.pretty}", href, found.place)


def _contacts(workspace: Workspace, query: str) -> Iterable[Hit]:
    if not query:
        return
    for row in workspace.contacts.matching(query)[:PER_GROUP]:
        yield Hit("user", str(row), row.get_absolute_url(), phone.pretty(row.number))


def _calls(workspace: Workspace, query: str) -> Iterable[Hit]:
    """Find recent calls by a whole number; parts of one are the history's business."""
    found = phone.parse(query, workspace.country) if _runs(workspace, query) else None
    if not found:
        return
    rows = workspace.calls.for_list()
    either = Q(to_number=found.e164) | Q(from_number=found.e164)
    for call in rows.filter(either)[:PER_GROUP]:
        agent = f" · {call.agent.name}" if call.agent else ""
        label = f"{call.who}, {status_words(call)[1].lower()}"
        rest = f"{when(call.created_at)}{agent}"
        yield Hit("phone-call", label, call.get_absolute_url(), rest)


def _agents(workspace: Workspace, query: str) -> Iterable[Hit]:
    if not query:
        return
    rows = workspace.agents.current().filter(name__icontains=query)
    for row in rows.select_related("connection")[:PER_GROUP]:
        yield Hit("bot", row.name, row.get_absolute_url(), row.connection.name)


def _numbers(workspace: Workspace, query: str) -> Iterable[Hit]:
    if not query:
        return
    wanted = Q(label__icontains=query)
    for run in _runs(workspace, query):
        wanted |= Q(number__contains=run)
    for row in workspace.numbers.current().filter(wanted)[:PER_GROUP]:
        pretty = phone.pretty(row.number)
        href = f"/numbers/?{urlencode({'q': row.number})}"
        yield Hit("phone", row.label or pretty, href, pretty if row.label else "")


def _runs(workspace: Workspace, query: str) -> set[str]:
    """Return the digits to look for when the words are (a part of) a number."""
    return phone.spellings(query, workspace.country)


def _actions(member: Member) -> Iterable[Hit]:
    return (hit for hit, ability in ACTIONS if not ability or member.may(ability))


def _places(member: Member) -> Iterable[Hit]:
    return (Hit(p.icon, p.label, p.path) for p in places_for(member))


def _fitting(hits: Iterable[Hit], query: str) -> Iterable[Hit]:
    return (hit for hit in hits if hit.fits(query))
