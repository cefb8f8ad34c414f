"""Reading which calls a program asks for: all filters that the history has."""

import re
import uuid
from collections.abc import Iterator

from django.http import QueryDict

from agents import named
from calls.api import native_parameters as parameters
from calls.api.call_filters import as_uuid
from calls.api.native_door import EPOCH, LATEST, WRITTEN
from calls.api.native_parameters import LONGEST, MOMENTS, PATTERNS
from calls.api.native_problem import Problem
from calls.history.filters import Filters, read
from dashboard.models import Workspace

# The history's names for what our API calls otherwise.
NAMES = {
    name: parameters.OTHER_NAMES[name]
    for name in ("connection_id", "contact_id", "call_id", "external_id")
}
# The id of nothing.
NOBODY = uuid.UUID(int=0)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def chosen(workspace: Workspace, query: QueryDict) -> Filters:
    """Return the filters of a query; raise Problem with the first that is none.

    An agent that is not there is a 404, a number that is not ours fits no call.
    """
    params = {name: query.getlist(name) for name in parameters.NAMES}
    for name, other in parameters.OTHER_NAMES.items():
        params[name] += query.getlist(other)
    said_of = {name: list(filter(None, texts)) for name, texts in params.items()}
    given = {name: texts for name, texts in said_of.items() if texts}
    odd = [n for n, texts in given.items() if not all(_fits(n, t) for t in texts)]
    if "agent" in given:
        given["agent"] = list(_agents(workspace, given["agent"]))
    if "number" in given:
        given["number"] = list(_numbers(workspace, given["number"]))
    for name in MOMENTS:
        if name in given:
            given[name] = [within(text) for text in given[name]]
    found = read(workspace, {NAMES.get(n, n): values for n, values in given.items()})
    said = dict(found.errors)
    for name in given:
        sentence = said.get(NAMES.get(name, name), "")
        if sentence or name in odd:
            message = sentence or f"This is no value for {name}."
            raise Problem(400, "invalid_json", message, name)
    return found


def _fits(name: str, text: str) -> bool:
    if name in PATTERNS:
        return re.fullmatch(PATTERNS[name], text) is not None
    if name in MOMENTS:
        return bool(WRITTEN.match(text) or DAY.fullmatch(text))
    return len(text) <= LONGEST


def within(text: str) -> str:
    """Return the nearest moment that can be asked for: no call is outside of these."""
    if not DAY.match(text):
        return text
    if text[:4] < str(EPOCH.year):
        return EPOCH.isoformat()
    return text if text[:4] < str(LATEST.year) else "2199-12-31T23:59:59+00:00"


def _agents(workspace: Workspace, written: list[str]) -> Iterator[str]:
    for text in written:
        agent = named.agent(workspace, text)
        if agent is None:
            message = f"There is no agent “{text}” in this workspace."
            raise Problem(404, "agent_not_found", message, "agent")
        yield str(agent.pk)


def _numbers(workspace: Workspace, written: list[str]) -> Iterator[str]:
    for text in written:
        if as_uuid(text):
            yield text
            continue
        rows = workspace.numbers.filter(number=text)
        yield from (str(pk) for pk in rows.values_list("pk", flat=True))
        yield str(NOBODY)
