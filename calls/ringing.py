"""A caller is ringing, and the provider asks what to do: answered at once.

From our own rows only, as a person listens to the ringing meanwhile.
"""

from typing import Any

from agents.models import Binding, Connection
from agents.providers.reading import decoded
from calls import facts, variables


def answer(connection: Connection, body: bytes) -> dict[str, Any] | None:
    """Answer "a caller is ringing, what to do?"; None when that is not the question.

    The agent is the one bound inbound here; the caller's contact and the business
    supply variables.
    """
    marker = connection.kind.inbound_marker
    if not marker or marker not in body:
        return None
    client = connection.client()
    ringing = client.parse_inbound(decoded(body))
    if ringing is None:
        return None
    number = facts.number_of(connection, ringing.to_number)
    agent_id, version = _who(number.binding("inbound") if number else None)
    contact = facts.contact_of(connection.workspace, ringing.from_number)
    told = variables.values(connection.workspace, contact)
    return client.answer_inbound(agent_id, told, version)


def _who(bound: Binding | None) -> tuple[str, int | None]:
    """Return who is to answer, and in which version; nobody named leaves theirs.

    So it is where several share the number, as the provider draws one by their weights,
    and where the agent is no longer there.
    """
    if bound is None or bound.weights or bound.agent.retired_at:
        return "", None
    return bound.agent.provider_agent_id, bound.version
