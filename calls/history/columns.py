"""The columns of the list of calls: which there are, and which a person sees."""

from collections.abc import Iterable
from dataclasses import dataclass

from calls.history.filters import Filters
from calls.models import SavedView
from dashboard.models import Member


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `sort` is the order it gives, `hint` explains its head."""

    name: str
    label: str
    sort: str = ""
    is_right: bool = False
    is_usual: bool = False
    hint: str = ""


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("agent", "Agent", is_usual=True),
        Column("number", "Our number"),
        Column("connection", "Connection"),
        Column("launched", "Launched by"),
        Column("answered", "Answered by"),
        Column("end", "End reason"),
        Column("sentiment", "Sentiment", is_usual=True),
        Column("success", "Success"),
        Column("tags", "Tags", is_usual=True),
        Column("duration", "Duration", "duration", is_right=True, is_usual=True),
        Column(
            "latency",
            "Response",
            is_right=True,
            is_usual=True,
            hint="How long the agent usually takes to answer",
        ),
        Column("cost", "Cost", "cost", is_right=True, is_usual=True),
    )
}
# Always there: whom, how it went, and when.
TIME = Column("time", "Started", "time", is_right=True)
USUAL = [column.name for column in COLUMNS.values() if column.is_usual]


@dataclass(frozen=True, slots=True)
class Order:
    """What a column's head says of the order: `now` as aria-sort has it, and the next."""

    column: Column
    now: str
    sort: str


def of(views: Iterable[SavedView], member: Member, query: str) -> list[str]:
    """Return the columns to show: of one's own view that is open, else those one chose.

    Who never chose any sees a view of others as they have it.
    """
    seen = [view for view in views if view.columns]
    open_now = [view for view in seen if view.name and view.query == query]
    mine = [view for view in open_now if view.owner_id == member.user_id]
    usual = [view for view in seen if not view.name and view.owner_id == member.user_id]
    names = next((v.columns for v in [*mine, *usual, *open_now]), USUAL)
    return [name for name in COLUMNS if name in names]


def keep(member: Member, names: Iterable[str], query: str) -> None:
    """Keep the columns a person chose, also for the view of theirs that is open."""
    wanted = set(names)
    chosen = [name for name in COLUMNS if name in wanted] or ["none"]
    mine = member.workspace.saved_views.filter(owner=member.user)
    mine.filter(query=query).exclude(name="").update(columns=chosen)
    mine.update_or_create(
        name="",
        defaults={"columns": chosen},
        create_defaults={
            "columns": chosen,
            "workspace": member.workspace,
            "owner": member.user,
        },
    )


def order(column: Column, filters: Filters) -> Order:
    """Return the order a column gives: pressed again, the other way round."""
    down, up = f"-{column.sort}", column.sort
    now = {down: "descending", up: "ascending"}.get(filters.sort, "")
    return Order(column, now, up if filters.sort == down else down)
