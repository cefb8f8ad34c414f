"""What was typed into the search, as SQL over the narrow rows and their words."""

from functools import cache

from django.db import connection

from calls.history import asked, words
from calls.history.condition import ALSO, NOTHING, Condition, any_of, by_id, either
from calls.history.marks import lexeme, space_mark
from dashboard.models import Workspace


def searched(workspace: Workspace, wanted: asked.Asked) -> Condition:
    """Return what fits any part of a search."""
    parts: list[Condition] = []
    if wanted.call_id:
        return by_id([wanted.call_id])
    if wanted.whole:
        parts.append(_whole(workspace, wanted.whole))
    if wanted.digits:
        parts.append(_digits(workspace, wanted.digits))
    if wanted.terms:
        parts.append(_worded(workspace, wanted))
    return either(parts) if parts else Condition(NOTHING)


def _whole(workspace: Workspace, digits: str) -> Condition:
    """A whole number: theirs, or one of ours."""
    ours = list(
        workspace.numbers.filter(number=f"+{digits}").values_list("pk", flat=True)
    )
    found = "SELECT call_id FROM calls_found WHERE workspace_id = %s AND tail = %s"
    tail = digits[::-1]
    sources = ((found, (workspace.pk, tail)),)
    theirs = Condition("f.tail = %s", (tail,), sources=sources, is_indexed=True)
    if not ours:
        return theirs
    return either([theirs, any_of(workspace.pk, "phone_number_id", ours)])


def _digits(workspace: Workspace, digits: str) -> Condition:
    """Digits of a number: any that follow each other, or else the last ones."""
    found = "SELECT call_id FROM calls_found WHERE workspace_id = %s AND"
    if connection.vendor == "sqlite" or has_trigrams():
        part = f"%{digits}%"
        source = (f"{found} digits LIKE %s", (workspace.pk, part))
        return Condition("f.digits LIKE %s", (part,), (), (source,), is_indexed=True)
    tail = digits[::-1]
    # As the index is ordered, so that it serves a prepared statement as well.
    span = f"{found} tail ~>=~ %s AND tail ~<~ %s"
    last = (span, (workspace.pk, tail, f"{tail}:"))
    return Condition("f.tail LIKE %s", (f"{tail}%",), sources=(last,))


def _worded(workspace: Workspace, wanted: asked.Asked) -> Condition:
    """Words, all of which are in the call, or a part of one of its names or ids."""
    parts = [_in_words(workspace, list(wanted.terms))]
    if wanted.plain and (connection.vendor == "sqlite" or has_trigrams()):
        parts.append(in_names(wanted.plain, workspace))
    return either(parts)


def _in_words(workspace: Workspace, terms: list[words.Term]) -> Condition:
    if connection.vendor == "sqlite":
        texts = "SELECT rowid FROM calls_foundtext WHERE calls_foundtext MATCH %s"
        fits = f"id IN ({texts})"
        match = (words.as_fts5(terms),)
        source = f"SELECT call_id FROM calls_foundwords WHERE {fits}"
        return Condition(f"w.{fits}", match, sources=((source, match),), has_words=True)
    # In the statement itself: how common the words are decides the way to find them.
    # They are letters and digits only (`words.WORD`).
    mine = f"{lexeme(space_mark(workspace.pk))}{ALSO} & {words.as_tsquery(terms)}"
    fits = f"words @@ {_quoted(mine)}"
    source = f"SELECT call_id FROM calls_foundwords WHERE {fits}"
    return Condition(
        f"w.{fits}", sources=((source, ()),), has_words=True, is_joined=True
    )


def _quoted(query: str) -> str:
    return "'" + query.replace("'", "''") + "'::tsquery"


def in_names(text: str, workspace: Workspace) -> Condition:
    """Return that a text is a part of a call's names, ids or metadata values."""
    plain = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    like, mine = "names LIKE %s", ""
    if connection.vendor == "sqlite":
        like += r" ESCAPE '\'"
    else:
        marks = f"{lexeme(space_mark(workspace.pk))}{ALSO}"
        mine = f" AND words @@ {_quoted(marks)}"
    pattern = (f"%{plain}%",)
    source = f"SELECT call_id FROM calls_foundwords WHERE {like}{mine}"
    return Condition(
        f"w.{like}",
        pattern,
        sources=((source, pattern),),
        has_words=True,
        is_joined=True,
    )


@cache
def has_trigrams() -> bool:
    """Tell whether the database finds parts of words by an index (pg_trgm)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('found_by_names') IS NOT NULL")
        return bool(cursor.fetchone()[0])
