"""What happens: contacts, calls and what was said, webhooks in and out."""

from calls.models.call import Call, CallStatus, Fault, Source
from calls.models.imports import ContactImport, ImportStatus, OnKnown
from calls.models.people import Contact, Suppression
from calls.models.spoken import ToolCall, Turn
from calls.models.traffic import Delivery, WebhookEndpoint, WebhookEvent

__all__ = [
    "Call",
    "CallStatus",
    "Contact",
    "ContactImport",
    "Delivery",
    "Fault",
    "ImportStatus",
    "OnKnown",
    "Source",
    "Suppression",
    "ToolCall",
    "Turn",
    "WebhookEndpoint",
    "WebhookEvent",
]
