"""Our own JSON: agents, numbers and people as the native API shows them."""

from collections.abc import Iterable

from agents.drift import Drift
from agents.models import Agent, Binding, Connection, PhoneNumber
from calls.models import Contact, ContextVariable, Suppression
from calls.own_json import Json, time


def agent_json(agent: Agent) -> Json:
    """Return an agent with its versions and the variables of the latest."""
    latest = agent.version(None)
    versions = sorted(agent.versions.all(), key=lambda version: version.version)
    return {
        "id": str(agent.pk),
        "name": agent.name,
        "provider": agent.connection.provider,
        "connection_id": str(agent.connection_id),
        "provider_agent_id": agent.provider_agent_id,
        "versions": [
            {
                "version": version.version,
                "published": version.is_published,
                "created_at": time(version.created_at),
            }
            for version in versions
        ],
        "variables": latest.variables if latest else [],
    }


def number_json(number: PhoneNumber, drifted: Iterable[Drift]) -> Json:
    """Return a phone number with what is bound to it, and where its provider differs."""
    return {
        "id": str(number.pk),
        "number": number.number,
        "label": number.label,
        "provider": number.connection.provider,
        "connection_id": str(number.connection_id),
        "inbound_agent": _bound(number.binding("inbound")),
        "outbound_agent": _bound(number.binding("outbound")),
        "carrier": number.carrier,
        "cps": float(number.cps),
        "countries": number.countries,
        "drift": [
            {"direction": one.direction, "ours": one.ours, "theirs": one.theirs}
            for one in drifted
        ],
    }


def _bound(binding: Binding | None) -> Json | None:
    if binding is None:
        return None
    version = "latest" if binding.version is None else binding.version
    shown = {
        "id": str(binding.agent_id),
        "name": binding.agent.name,
        "version": version,
    }
    return shown | {"weights": binding.weights} if binding.weights else shown


def contact_json(contact: Contact) -> Json:
    """Return a contact."""
    return {
        "id": str(contact.pk),
        "name": contact.name,
        "number": contact.number,
        "email": contact.email or None,
        "company": contact.company or None,
        "timezone": contact.timezone or None,
        "do_not_call": contact.do_not_call,
        "attributes": contact.attributes,
        "created_at": time(contact.created_at),
        "changed_at": time(contact.changed_at),
    }


def variable_json(row: ContextVariable) -> Json:
    """Return a context variable."""
    return {
        "id": str(row.pk),
        "scope": row.scope,
        "name": row.name,
        "placeholder": row.placeholder,
        "label": row.label,
        "description": row.description or None,
        "kind": row.kind,
        "options": row.options,
        "value": row.value or None,
        "created_at": time(row.created_at),
    }


def suppression_json(row: Suppression) -> Json:
    """Return a number on the do-not-call list."""
    return {
        "number": row.number,
        "reason": row.reason or None,
        "created_at": time(row.created_at),
    }


def connection_json(connection: Connection) -> Json:
    """Return a connection; never a secret of it."""
    return {
        "id": str(connection.pk),
        "name": connection.name,
        "provider": connection.provider,
        "base_url": connection.base_url or None,
        "is_active": connection.is_active,
        "concurrency": connection.concurrency,
        "checks": connection.check_results,
        "checked_at": time(connection.checked_at),
        "synced_at": time(connection.synced_at),
        "sync_error": connection.sync_error or None,
        "first_event_at": time(connection.first_event_at),
        "created_at": time(connection.created_at),
    }
