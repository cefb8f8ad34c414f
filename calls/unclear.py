"""Calls that we dialled, or may have dialled, without knowing them at the provider yet.

A call that a webhook or a list tells of may be one of these.
"""

from agents import phone
from agents.models import Connection
from calls.models import Call, CallStatus


def numbers(connection: Connection) -> list[str]:
    """Return whom we dialled, or may have dialled, without knowing an id yet."""
    rows = Call.objects.filter(
        connection=connection,
        status__in=(CallStatus.DIALING, CallStatus.UNCONFIRMED),
        provider_call_id="",
        other_call_id="",
        direction="outbound",
    )
    return list(rows.values_list("to_number", flat=True))


def may_be_one(
    unclear: list[str], connection: Connection, direction: str, to_number: str
) -> bool:
    """Tell whether a call to a number may be one of ours that is not confirmed yet."""
    if direction == "inbound" or not unclear:
        return False
    if not to_number:
        return True
    names = {to_number, phone.e164(to_number, connection.workspace.country)}
    return bool(names.intersection(unclear))
