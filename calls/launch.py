"""Writing down a wish to call: one row for one wish, however often it comes.

Whoever launches has asked the gate (`ask`, or the form `policy.check`) and has the lane
looked at once the row is committed (`tasks.nudge`).
"""

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.db.models import UUIDField

from calls import lifecycle, policy
from calls.models import Call
from calls.plan import Plan
from calls.refusals import LaunchRefused
from dashboard.models import Workspace
from dashboard.prepared import Given, Prepared

TURN = Prepared(
    lambda: (
        Workspace.objects.select_for_update(no_key=True)
        .filter(pk=Given("pk", UUIDField()))
        .values_list("pk")
    )
)


class LaunchConflict(Exception):
    """The same key came with another wish; `call` is the first one's."""

    def __init__(self, call: Call) -> None:
        super().__init__("This key was used for another call.")
        self.call = call


def take_turns(workspace: Workspace) -> None:
    """Let one person at a time launch, until the end of the transaction.

    Whoever comes second sees the call of the first, from another tab or another desk.
    """
    TURN.get(pk=workspace.pk)


def repeated(plan: Plan, key: str, scheduled_at: datetime | None = None) -> Call | None:
    """Return the call that a wish with this key has become; None: it is a new one.

    It is that call even if it could not go out any more. Raises LaunchConflict where
    the key came with another wish.
    """
    first = plan.workspace.calls.filter(launch_key=key).first() if key else None
    if first is not None and first.launch_digest != _digest(plan, scheduled_at):
        raise LaunchConflict(first)
    return first


def ask(plan: Plan, key: str, scheduled_at: datetime | None = None) -> Call | None:
    """Ask whether a wish may go out; None: it may.

    Where something speaks against it, it may be a repeat: then its call is returned.
    Raises LaunchRefused with what speaks first against it, and LaunchConflict.
    """
    refusals = policy.check(plan)
    if not refusals:
        return None
    if first := repeated(plan, key, scheduled_at):
        return first
    raise LaunchRefused(refusals[0])


def launch(
    plan: Plan,
    key: str = "",
    scheduled_at: datetime | None = None,
    now: datetime | None = None,
) -> tuple[Call, bool]:
    """Write the call's row; return it and whether it is new.

    A repeat with the same `key` returns the first call and dials nothing; the same key
    with another wish raises LaunchConflict; LaunchRefused where what it may cost is
    not there (any more). The caller has asked whether it may go out (`ask`), and nudges
    the dispatch on commit.
    """
    try:
        with transaction.atomic():
            call = write(plan, key, scheduled_at, now)
    except IntegrityError:
        first = repeated(plan, key, scheduled_at)
        if first is None:
            raise
        return first, False
    return call, True


def write(
    plan: Plan,
    key: str = "",
    scheduled_at: datetime | None = None,
    now: datetime | None = None,
) -> Call:
    """Write the call's row in the caller's transaction; see `launch`.

    Raises IntegrityError where the key has a call: once the transaction is rolled back,
    `repeated` finds it.
    """
    wish = plan.wish
    call = lifecycle.begin(
        now or datetime.now(tz=UTC),
        scheduled_at,
        workspace=plan.workspace,
        connection=plan.connection,
        agent=plan.agent,
        agent_version=plan.version.version if plan.version else None,
        phone_number=plan.number,
        contact=plan.contact,
        launched_by=plan.user,
        api_key=plan.api_key,
        source=plan.source,
        dialect=plan.dialect,
        type=wish.type,
        from_number=plan.from_number,
        to_number=plan.to_number,
        variables=plan.values,
        overrides=asdict(wish.overrides),
        sip_headers=dict(wish.sip_headers),
        metadata=wish.metadata,
        trunk_name=wish.trunk_name,
        customer_name=wish.customer_name,
        ignore_e164_validation=wish.ignore_e164_validation,
        external_id=wish.external_id,
        launch_key=key,
        launch_digest=_digest(plan, scheduled_at),
        evidence=policy.evidence(plan),
    )
    policy.reserve(plan, call)
    return call


def _digest(plan: Plan, scheduled_at: datetime | None) -> str:
    """Return a fingerprint of what was asked for, as it was asked.

    The contact counts where it was named, and the time where a client may name one: for
    a compat client it is we who hold a call back.
    """
    wish = asdict(plan.wish)
    if plan.names_contact and plan.contact:
        wish["contact_id"] = plan.contact.pk
    if scheduled_at and not plan.dialect:
        wish["scheduled_at"] = scheduled_at.timestamp()
    text = json.dumps(wish, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
