"""The words of a call: where it is, how it came to be here, how it ended."""

from django.db import models


class CallStatus(models.TextChoices):
    """Where a call is. Only `calls/lifecycle.py` writes it; it moves forward only."""

    SCHEDULED = "scheduled", "Scheduled"
    QUEUED = "queued", "Queued"
    DIALING = "dialing", "Dialing"
    UNCONFIRMED = "unconfirmed", "Not sure it went out"
    RINGING = "ringing", "Ringing"
    IN_PROGRESS = "in_progress", "In progress"
    ENDED = "ended", "Ended"
    NOT_CONNECTED = "not_connected", "Not connected"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


FINAL = (
    CallStatus.ENDED,
    CallStatus.NOT_CONNECTED,
    CallStatus.FAILED,
    CallStatus.CANCELED,
)
WAITING = (CallStatus.SCHEDULED, CallStatus.QUEUED)
# A provider has it, or may have it: it holds a slot of the connection's concurrency.
AT_PROVIDER = (
    CallStatus.DIALING,
    CallStatus.UNCONFIRMED,
    CallStatus.RINGING,
    CallStatus.IN_PROGRESS,
)


class Fault(models.TextChoices):
    """Whose doing the end of a call was."""

    CALLEE = "callee", "The person called"
    CARRIER = "carrier", "The carrier"
    PROVIDER = "provider", "The provider"
    AGENT = "agent", "The agent"
    US = "us", "Switchboard"
    NONE = "none", "Nobody"


class AnsweredBy(models.TextChoices):
    """Who picked up."""

    HUMAN = "human", "A person"
    MACHINE = "machine", "A machine"
    UNKNOWN = "unknown", "Unknown"


class Source(models.TextChoices):
    """How a call came to be here."""

    BUTTON = "button", "Call now"
    API = "api", "API"
    COMPAT = "compat", "Compatible API"
    INBOUND = "inbound", "Inbound"
    FOUND = "found", "Found at the provider"


# Somebody else began these; all others were launched here.
NOT_OURS = (Source.INBOUND, Source.FOUND)


class CallType(models.TextChoices):
    """Over the telephone, or in a browser."""

    PHONE = "phone", "Phone"
    WEB = "web", "Web"
