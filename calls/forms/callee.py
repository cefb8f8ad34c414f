"""The box "Who": a name or a number in any format, and what was understood of it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from agents import phone
from agents.phone import Phone
from calls.models import Contact
from dashboard.models import Workspace

MOST_SUGGESTIONS = 6
FEWEST_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Callee:
    """Who is meant: a number to dial and perhaps a contact, or people to choose from."""

    number: str = ""
    contact: Contact | None = None
    matches: tuple[Contact, ...] = ()
    problem: str = ""


def understand(
    workspace: Workspace, text: str, contact_id: uuid.UUID | None = None
) -> Callee:
    """Read what was typed; `contact_id` is the suggestion chosen for it, if any."""
    text = text.strip()
    chosen = _chosen(workspace, text, contact_id)
    if chosen is None and (not text or phone.parse(text, workspace.country)):
        return Callee(text)
    chosen = chosen or _only_one_named(workspace, text)
    if chosen is not None:
        return Callee(chosen.number, chosen)
    matches = tuple(suggest(workspace, text))
    if not any(map(str.isalpha, text)):
        return Callee(text, matches=matches)
    if matches:
        return Callee(matches=matches, problem=f"Who is meant by “{text}”?")
    return Callee(
        problem=f"No contact is called “{text}”. Type a number, or add the contact."
    )


def suggest(workspace: Workspace, text: str) -> list[Contact]:
    """Return the contacts that fit what was typed so far, by name or number."""
    text = text.strip()
    if len(text) < FEWEST_LETTERS:
        return []
    return list(workspace.contacts.matching(text)[:MOST_SUGGESTIONS])


def _chosen(
    workspace: Workspace, text: str, contact_id: uuid.UUID | None
) -> Contact | None:
    """Return the contact chosen, as long as the box still says their name."""
    contact = workspace.contacts.filter(pk=contact_id).first() if contact_id else None
    return contact if contact and str(contact) == text else None


def _only_one_named(workspace: Workspace, text: str) -> Contact | None:
    named = list(workspace.contacts.filter(name__iexact=text)[:2]) if text else []
    return named[0] if len(named) == 1 else None


# --- What was understood -------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Heard:
    """A number as it was understood, for reading: where it is and what time it is."""

    pretty: str
    country: str
    place: str
    times: tuple[datetime, ...]

    @property
    def time(self) -> str:
        """The time there: one, or the first and last of several zones."""
        words = [f"{local:%H:%M}" for local in self.times]
        return words[0] if len(words) == 1 else " to ".join((*words[:1], *words[-1:]))


def hear(number: Phone, contact: Contact | None, now: datetime) -> Heard:
    """Say what was understood of a number; the contact may know the time zone."""
    zone = phone.zone(contact.timezone) if contact else None
    times = [now.astimezone(zone)] if zone else number.local_times(now)
    country = phone.country_name(number.country)
    place = number.place if number.place != country else ""
    return Heard(number.pretty, country, place, tuple(times))
