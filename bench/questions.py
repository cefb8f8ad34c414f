"""What is asked of the history: every filter, searches, pages; with what was promised."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random

import httpx

from calls.history import pages
from calls.history.choices import NEWEST, SORTS
from calls.history.days import PRESETS
from calls.models import Call
from dashboard.models import Workspace

Params = Mapping[str, str]
# In ms at the server, p95.
PAGE, NUMBER, WORD, CALL = 50, 60, 150, 40
OTHER_SORTS = [name for name, _ in SORTS if name != NEWEST]
COMMON = ("renewal", "the", "thank you", "appointment", "plan")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; by turns where there are several ways to ask it.

    `sorts`: the orders it is asked in beside the usual one.
    """

    name: str
    goal_ms: float
    asked: Sequence[Params] = ()
    paths: Sequence[str] = ()
    sorts: Sequence[str] = ()

    def addresses(self, sort: str = "") -> Iterator[str]:
        """Yield the addresses, again and again."""
        more = {"sort": sort} if sort else {}
        lists = [
            f"/calls/?{httpx.QueryParams({**one, **more})}"
            if one or more
            else "/calls/"
            for one in self.asked
        ]
        return cycle(self.paths or lists)


def all_of(workspace: Workspace) -> Iterator[Question]:
    """Yield what is asked of the workspace."""
    middle = deep(workspace)
    behind = [{"after": pages.cursor(one)} for one in middle]
    yield Question("first page", PAGE, [{}], sorts=OTHER_SORTS)
    yield Question("deep page", PAGE, behind)
    for name, params in (FILTERS | of_rows(workspace)).items():
        yield Question(name, PAGE, [params], sorts=OTHER_SORTS)
    for name, params in PAIRS.items():
        yield Question(name, PAGE, [params], sorts=OTHER_SORTS)
    yield from searches(workspace)
    yield Question("call page", CALL, paths=[f"/calls/{one.pk}/" for one in middle])
    yield Question("overview", PAGE, paths=["/"])
    yield Question("count of all", PAGE, paths=["/calls/count/"])
    counted = [f"/calls/count/?{httpx.QueryParams({'q': word})}" for word in COMMON]
    yield Question("count of a common word", WORD, paths=counted)


# Each filter alone, often and seldom true.
FILTERS: dict[str, Params] = {
    **{f"date: {label.lower()}": {"when": name} for name, label in PRESETS},
    "status: ended": {"status": "ended"},
    "status: not connected": {"status": "not_connected"},
    "status: failed": {"status": "failed"},
    "outcome: declined": {"outcome": "declined"},
    "outcome: two": {"outcome": "voicemail,busy"},
    "end reason: busy": {"end_reason": "busy"},
    "end reason: none has it": {"end_reason": "no_funds"},
    "fault: provider": {"fault": "provider"},
    "answered by: machine": {"answered_by": "machine"},
    "direction: inbound": {"direction": "inbound"},
    "sentiment: negative": {"sentiment": "negative"},
    "success: no": {"success": "no"},
    "duration: 1:00 and more": {"duration_min": "60"},
    "duration: up to 0:30": {"duration_max": "30"},
    "duration: 0:47 to 0:52": {"duration_min": "47", "duration_max": "52"},
    "cost: 0.10 and more": {"cost_min": "0.1"},
    "cost: up to 0.05": {"cost_max": "0.05"},
    "reviewed: yes": {"reviewed": "yes"},
    "reviewed: no": {"reviewed": "no"},
    "recording: none": {"recording": "no"},
    "source: compat": {"source": "compat"},
    "Sundays at nine": {"weekday": "7", "hour": "9"},
    "at three in the night": {"hour": "3"},
}
# Some that are usual together.
PAIRS: dict[str, Params] = {
    "month + voicemail": {"when": "month", "outcome": "voicemail"},
    "negative + not reviewed": {"sentiment": "negative", "reviewed": "no"},
    "not connected + last month": {"status": "not_connected", "when": "last_month"},
}


def of_rows(workspace: Workspace) -> dict[str, Params]:
    """Return the filters by rows of the workspace: agents, numbers, people, tags."""
    agent = str(workspace.agents.exclude(calls=None)[0].pk)
    number = str(workspace.numbers.exclude(calls=None)[0].pk)
    person = str(workspace.members.all()[0].user_id)
    contact = str(workspace.contacts.all()[0].pk)
    found: dict[str, Params] = {
        "agent": {"agent": agent},
        "agent and version": {"agent": agent, "version": "1"},
        "agent, another version": {"agent": agent, "version": "99"},
        "our number": {"number": number},
        "connection": {"connection": str(workspace.connections.all()[0].pk)},
        "contact": {"contact": contact},
        "launched by": {"person": person},
        "agent + failed": {"agent": agent, "status": "failed"},
        "agent + negative": {"agent": agent, "sentiment": "negative"},
        "number + declined": {"number": number, "outcome": "declined"},
        "person + not connected": {"person": person, "status": "not_connected"},
    }
    tags = {f"tag: {tag.name}": {"tag": str(tag.pk)} for tag in workspace.tags.all()}
    return found | tags


def searches(workspace: Workspace) -> Iterator[Question]:
    """Yield searches: numbers, rare and common words, with filters."""
    people = list(workspace.contacts.order_by("pk")[:5_000])
    chosen = Random(4).sample(people, min(20, len(people)))
    numbers = [person.number for person in chosen]
    names = [{"q": person.name.split()[1]} for person in chosen]
    yield Question("number", NUMBER, [{"q": number} for number in numbers])
    last = [{"q": number[-4:]} for number in numbers]
    yield Question("last four digits", NUMBER, last)
    yield Question("rare word", WORD, names)
    yield Question("common word", WORD, [{"q": word} for word in COMMON])
    yield Question("two words", WORD, [{"q": "invoice payment"}])
    failed = [{"q": word, "status": "failed"} for word in COMMON]
    yield Question("common word that failed", WORD, failed)
    longest = [{"q": word, "sort": "-duration"} for word in COMMON]
    yield Question("common word, longest first", WORD, longest)


def deep(workspace: Workspace) -> list[Call]:
    """Return calls from the middle of the history, one of each of some days."""
    calls = Call.objects.filter(workspace=workspace)
    oldest, newest = calls.earliest("created_at"), calls.latest("created_at")
    span = (newest.created_at - oldest.created_at) / 40
    moments = [oldest.created_at + span * step for step in range(10, 30)]
    found = (calls.filter(created_at__lt=at).order_by("-created_at") for at in moments)
    return [one for rows in found if (one := rows.first())]
