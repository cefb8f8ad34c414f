"""Changing what is set on a number: at the provider first, then here."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import transaction

from agents.models import Direction, PhoneNumber, bind
from agents.providers.base import ProviderError, WishRefused
from agents.setups import Setup, Side, as_theirs, has_drifted, lives_there
from dashboard.models import ApiKey, AuditEntry, User

ACTION = "number.changed"


class UndoRefused(Exception):
    """The change cannot be taken back; `str()` says why, for a person."""


def change(
    number: PhoneNumber,
    wish: Setup,
    by: User | ApiKey | None,
    *,
    resend: bool = False,
) -> AuditEntry | None:
    """Set a number as wished; None when there was nothing to do.

    `resend` also tells the provider where it has drifted from what is set here. A
    ProviderError leaves everything as it was.
    """
    before = Setup.of(number)
    old, new = before.as_json(), wish.as_json()
    changed = [name for name in old if old[name] != new[name]]
    pushed = _push(number, before, wish, resend)
    if not changed and not pushed:
        return None
    with transaction.atomic():
        _write(number, wish, changed, pushed, by if isinstance(by, User) else None)
        return AuditEntry.record(
            number.workspace,
            ACTION if changed else "number.sent_again",
            subject=subject(number),
            user=by if isinstance(by, User) else None,
            api_key=by if isinstance(by, ApiKey) else None,
            before={name: old[name] for name in changed},
            after={name: new[name] for name in changed or pushed},
        )


def subject(number: PhoneNumber) -> str:
    """Name a number in the audit log so that no other has the same name."""
    return f"{number.number} at {number.connection.name}"


def _write(
    number: PhoneNumber,
    wish: Setup,
    changed: list[str],
    pushed: list[str],
    user: User | None,
) -> None:
    """Save the bindings, the number's own fields, and what the provider has now."""
    row = number.workspace.numbers.select_for_update(no_key=True).get(pk=number.pk)
    for direction in Direction.values:
        if direction in changed:
            side = wish.side(direction)
            bind(row, direction, side.agent, side.version, user=user)
    row.label, row.cps = wish.label, wish.cps
    row.countries = list(wish.countries)
    row.theirs |= {d: as_theirs(wish.side(d)) for d in pushed}
    row.save(update_fields=["label", "cps", "countries", "theirs"])


def _push(number: PhoneNumber, before: Setup, wish: Setup, resend: bool) -> list[str]:
    """Tell the provider what it is to have; return the directions it took."""
    connection = number.connection
    wanted = [
        d
        for d in Direction.values
        if lives_there(connection, d)
        and (before.side(d) != wish.side(d) or (resend and has_drifted(number, d)))
    ]
    if wanted and not connection.is_active:
        raise WishRefused(
            f"{connection} is switched off, so {connection.kind.label} cannot be told. "
            "An admin can switch it on under Connections."
        )
    done: list[str] = []
    for direction in wanted:
        try:
            _tell(number, direction, wish)
        except ProviderError:
            _take_back(number, before, wish, done)
            raise
        done.append(direction)
    return done


def _tell(number: PhoneNumber, direction: str, setup: Setup) -> None:
    """Have the provider bind one direction as the setup says."""
    facts = setup.side(direction).facts()
    number.connection.client().bind(number.number, direction, facts)


def _take_back(
    number: PhoneNumber, before: Setup, wish: Setup, done: list[str]
) -> None:
    """Put back at the provider what it took before it refused the rest.

    Where even that fails, what it now has is noted: the screen shows the drift.
    """
    for direction in done:
        try:
            _tell(number, direction, before)
        except ProviderError:
            number.theirs[direction] = as_theirs(wish.side(direction))
            number.save(update_fields=["theirs"])


# --- Taking a change back ------------------------------------------------------------
def undo(number: PhoneNumber, entry: AuditEntry, by: User) -> AuditEntry | None:
    """Take one change back, unless the number was changed again since."""
    now = Setup.of(number)
    if any(now.as_json().get(name) != value for name, value in entry.after.items()):
        raise UndoRefused(
            "The number was changed again since. Edit it to set what you want."
        )
    fields = {name: _restored(number, name, v) for name, v in entry.before.items()}
    return change(number, replace(now, **fields), by)


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
    return Side(agent, value["version"])
