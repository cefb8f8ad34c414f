"""Rules of one's own: calls that a filter of the history finds need a look."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.http import QueryDict

from calls.history import narrowing
from calls.history.filters import read
from calls.models import Call, LookRule


def fitting(
    calls: Sequence[Call], now: datetime
) -> Iterator[tuple[uuid.UUID, uuid.UUID]]:
    """Yield which calls fit which rule, as ids: a statement for each rule that is on."""
    ids = defaultdict(list)
    for call in calls:
        ids[call.workspace_id].append(call.pk)
    rules = LookRule.objects.filter(workspace__in=ids, is_on=True)
    for rule in rules.select_related("workspace"):
        for call_id in _of_rule(rule, ids[rule.workspace_id], now):
            yield call_id, rule.pk


def _of_rule(rule: LookRule, ids: list[uuid.UUID], now: datetime) -> set[uuid.UUID]:
    filters = read(rule.workspace, QueryDict(rule.query))
    return narrowing.fitting(rule.workspace, filters, ids, now)
