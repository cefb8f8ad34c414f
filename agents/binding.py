"""Changing what is set on a number: at the provider first, then here."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import transaction

from agents.budget import Turns
from agents.drift import UNCLEAR, as_theirs, facts_of, has_drifted, side_of
from agents.models import Direction, PhoneNumber, bind
from agents.providers.base import (
    BindingFacts,
    ProviderError,
    ProviderUnclear,
    WishRefused,
)
from agents.setups import SAID, Keeper, Setup, Side, keeper
from dashboard.models import AuditEntry, Author, User

ACTION = "number.changed"
SENT_AGAIN, ADOPTED = "number.sent_again", "number.adopted"


class UndoRefused(Exception):
    """The change cannot be taken back; `str()` says why, for a person."""


class AdoptRefused(Exception):
    """What the provider has cannot be taken over; `str()` says why, for a person."""


def change(
    number: PhoneNumber, wish: Setup, by: Author, *, resend: Collection[str] = ()
) -> AuditEntry | None:
    """Set a number as wished; None when there was nothing to do.

    `resend` names directions of which the provider is told although nothing changes
    here: where it has drifted. A ProviderError leaves everything here as it was.
    """
    before = Setup.of(number)
    changed = _changed(before, wish)
    pushed = _push(number, before, wish, resend)
    if not changed and not pushed:
        return None
    theirs = {d: as_theirs(wish.side(d).facts()) for d in pushed}
    action = ACTION if changed else SENT_AGAIN
    return _write(number, wish, _Noted(action, changed or pushed, theirs), by)


def adopt(number: PhoneNumber, direction: str, by: Author) -> AuditEntry | None:
    """Take over what the provider has in one direction; it need not be told."""
    if not has_drifted(number, direction):
        return None
    theirs = number.theirs[direction]
    facts = facts_of(theirs)
    agents = number.connection.agents.current()
    agent = agents.filter(provider_agent_id=facts.agent_id).first()
    if theirs.get("is_unclear") or (facts.agent_id and agent is None):
        raise AdoptRefused(
            f"What {number.connection.kind.label} has is not known here. Sync "
            f"{number.connection} and try again."
        )
    wish = _with_side(Setup.of(number), direction, side_of(theirs, agent))
    # No undo: it would change the provider, which this did not.
    return _write(number, wish, _Noted(ADOPTED, [direction], {}), by)


def subject(number: PhoneNumber) -> str:
    """Name a number in the audit log so that no other has the same name."""
    return f"{number.number} at {number.connection.name}"


def _changed(before: Setup, wish: Setup) -> list[str]:
    """Return the names of what differs."""
    old, new = before.as_json(), wish.as_json()
    return [name for name in old if old[name] != new[name]]


def _with_side(setup: Setup, direction: str, side: Side) -> Setup:
    if direction == Direction.INBOUND:
        return replace(setup, inbound=side)
    return replace(setup, outbound=side)


# --- Writing -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Noted:
    """What the audit log says of a change, and what the provider has now."""

    action: str
    names: list[str]
    theirs: dict[str, Any]


def _write(number: PhoneNumber, wish: Setup, noted: _Noted, by: Author) -> AuditEntry:
    """Save the bindings, the number's own fields, and what the provider has now."""
    before = Setup.of(number)
    old, new, changed = before.as_json(), wish.as_json(), _changed(before, wish)
    user = by if isinstance(by, User) else None
    with transaction.atomic():
        row = number.workspace.numbers.select_for_update(no_key=True).get(pk=number.pk)
        for direction in Direction.values:
            if direction in changed:
                _bind(row, direction, wish.side(direction), user)
        row.label, row.cps = wish.label, wish.cps
        row.countries = list(wish.countries)
        row.theirs |= noted.theirs
        row.save(update_fields=["label", "cps", "countries", "theirs"])
        return AuditEntry.record(
            number.workspace,
            noted.action,
            by,
            subject=subject(number),
            before={name: old[name] for name in changed},
            after={name: new[name] for name in noted.names},
        )


def _bind(row: PhoneNumber, direction: str, side: Side, user: User | None) -> None:
    """Put a side on a number."""
    bound = bind(row, direction, side.agent, side.version, user=user)
    if bound and side.weights:
        bound.weights = list(side.weights)
        bound.save(update_fields=["weights"])


# --- Telling the provider ------------------------------------------------------------
def _push(
    number: PhoneNumber, before: Setup, wish: Setup, resend: Collection[str]
) -> list[str]:
    """Tell the provider what it is to have; return the directions it took."""
    connection = number.connection
    wanted = [d for d in Direction.values if before.side(d) != wish.side(d)]
    _refuse_fixed(number, wanted)
    wanted += [d for d in resend if d not in wanted and has_drifted(number, d)]
    wanted = [d for d in wanted if keeper(connection, d) is Keeper.PROVIDER]
    if wanted and not connection.is_active:
        raise WishRefused(
            f"{connection} is switched off, so {connection.kind.label} cannot be told. "
            "An admin can switch it on under Connections."
        )
    done: list[str] = []
    for direction in wanted:
        try:
            _tell(number, direction, wish.side(direction).facts())
        except ProviderError as error:
            _take_back(number, before, wish, done, error, direction)
            raise
        done.append(direction)
    return done


def _refuse_fixed(number: PhoneNumber, wanted: list[str]) -> None:
    """Refuse a change that only the provider can make."""
    fixed = [d for d in wanted if keeper(number.connection, d) is Keeper.AGENTS]
    if fixed:
        there = number.connection.kind.label
        raise WishRefused(
            f"{SAID[fixed[0]]}: {there} gives its agents their numbers itself. Change "
            f"it there, then sync {number.connection}."
        )


def _tell(number: PhoneNumber, direction: str, facts: BindingFacts) -> None:
    """Have the provider bind one direction."""
    client = number.connection.client(Turns(number.connection))
    client.bind(number.number, direction, facts)


def _take_back(
    number: PhoneNumber,
    before: Setup,
    wish: Setup,
    done: list[str],
    error: ProviderError,
    failed: str,
) -> None:
    """Put back at the provider what it took, or may have taken, before the error.

    Where even that fails, what it now has is noted, so that the drift is shown, and
    ProviderUnclear says so.
    """
    perhaps = [failed] if isinstance(error, ProviderUnclear) else []
    left: list[str] = []
    for direction in done + perhaps:
        theirs = number.theirs.get(direction)
        usual = before.side(direction).facts()
        is_known = theirs is not None and not theirs.get("is_unclear")
        try:
            _tell(number, direction, facts_of(theirs or {}) if is_known else usual)
        except ProviderError:
            number.theirs[direction] = (
                UNCLEAR
                if direction in perhaps
                else as_theirs(wish.side(direction).facts())
            )
            left.append(SAID[direction].lower())
    if left:
        number.save(update_fields=["theirs"])
        raise ProviderUnclear(
            f"{error.message} It may have kept a part of the change ({', '.join(left)})"
            f", which could not be taken back there. Sync {number.connection} to see "
            "what it has."
        ) from error


# --- Taking a change back ------------------------------------------------------------
def undo(number: PhoneNumber, entry: AuditEntry, by: User) -> AuditEntry | None:
    """Take one change back, unless the number was changed again since."""
    now = Setup.of(number)
    if any(now.as_json().get(name) != value for name, value in entry.after.items()):
        raise UndoRefused(
            "The number was changed again since. Edit it to set what you want."
        )
    fields = {name: _restored(number, name, v) for name, v in entry.before.items()}
    wish, top = replace(now, **fields), number.cps_ceiling()
    if wish.cps > top:
        noun = "call" if top == 1 else "calls"
        raise UndoRefused(
            f"{number} may start at most {top} {noun} a second now. Edit it to set "
            "what you want."
        )
    return change(number, wish, by)


def _restored(number: PhoneNumber, name: str, value: Any) -> Any:
    """Turn an audited value back into a field of Setup."""
    if name == "cps":
        return Decimal(value)
    if name == "countries":
        return tuple(value)
    if name == "label":
        return value
    if value is None:
        return Side()
    agents = number.workspace.agents.current()
    agent = agents.filter(pk=value["agent_id"]).first()
    if agent is None:
        raise UndoRefused(
            f"{value['agent']} is no longer there. Edit the number to choose another."
        )
    return Side(agent, value["version"], tuple(value.get("weights", ())))
