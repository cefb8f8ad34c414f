"""What was said: keeping turns and tool calls as the provider tells them.

Providers send the whole transcript each time, longer as the call goes on. Only what
differs is written.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import partial
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet, UUIDField

from agents.providers.base import CallUpdate
from calls import batches
from calls.models import ToolCall, Turn
from dashboard.prepared import GivenMany, Prepared

TURN_FIELDS = ("role", "text", "start_ms", "end_ms", "latency_ms", "is_interrupted")
TOOL_FIELDS = (
    "name",
    "tool_id",
    "arguments",
    "result",
    "succeeded",
    "start_ms",
    "duration_ms",
    "after_turn",
)


def _of_calls(model: type[Turn] | type[ToolCall]) -> QuerySet[Any]:
    rows: QuerySet[Any] = model._default_manager.order_by("index")
    return rows.filter(call__among=GivenMany("calls", UUIDField()))


ROWS = {model: Prepared(partial(_of_calls, model)) for model in (Turn, ToolCall)}


class Lines:
    """The rows of one kind (turns or tools) of some locked calls, and their changes.

    What is new stays as it was told until it is written: most lines are new, and a
    model of each would cost more than all else.
    """

    def __init__(
        self, model: type[Turn] | type[ToolCall], calls: Collection[uuid.UUID]
    ) -> None:
        self.model = model
        self.fields = TURN_FIELDS if model is Turn else TOOL_FIELDS
        self.values_of = attrgetter(*self.fields)
        self.rows: dict[uuid.UUID, list[Any]] = defaultdict(list)
        self.fresh: dict[tuple[uuid.UUID, int], Any] = {}
        self.stale: dict[int, Any] = {}
        for row in ROWS[model].all(calls=calls):
            self.rows[row.call_id].append(row)

    def take(self, call_id: uuid.UUID, facts: Iterable[Any], *, is_new: bool) -> bool:
        """Make the rows of a call say `facts`; True when that changed anything.

        An older telling never shortens what is known.
        """
        told, rows, changed = list(facts), self.rows[call_id], False
        if not is_new and len(told) <= len(rows):
            return False
        for index, fact in enumerate(told):
            if index == len(rows):
                rows.append(fact)
                self.fresh[call_id, index] = fact
                changed = True
            elif self.values_of(rows[index]) != self.values_of(fact):
                self._rewrite(call_id, index, fact)
                changed = True
        return changed

    def _rewrite(self, call_id: uuid.UUID, index: int, fact: Any) -> None:
        row = self.rows[call_id][index]
        if not isinstance(row, self.model):
            self.rows[call_id][index] = self.fresh[call_id, index] = fact
            return
        for name in self.fields:
            setattr(row, name, getattr(fact, name))
        self.stale[row.pk] = row

    def save(self) -> None:
        """Write what changed, in two statements."""
        if self.fresh:
            names = ("call_id", "index", *self.fields)
            rows = [(*at, *self.values_of(fact)) for at, fact in self.fresh.items()]
            batches.write(self.model, names, rows)
        if self.stale:
            batches.save(list(self.stale.values()), self.fields)


class Spoken:
    """Turns and tool calls of some locked calls."""

    def __init__(self, calls: Collection[uuid.UUID]) -> None:
        self.turns = Lines(Turn, calls)
        self.tools = Lines(ToolCall, calls)

    def absorb(
        self, call_id: uuid.UUID, update: CallUpdate, *, is_new: bool
    ) -> set[str]:
        """Fold the transcript of `update` in; return "turns" when it changed."""
        changed = False
        if update.turns is not None:
            changed |= self.turns.take(call_id, update.turns, is_new=is_new)
        if update.tools is not None:
            changed |= self.tools.take(call_id, update.tools, is_new=is_new)
        return {"turns"} if changed else set()

    def save(self) -> None:
        """Write what changed."""
        self.turns.save()
        self.tools.save()


def known(calls: Collection[uuid.UUID]) -> Spoken:
    """Load what is known to have been said in the calls."""
    return Spoken(calls)
