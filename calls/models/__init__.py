"""What happens: contacts, calls and what was said, webhooks in and out."""

from calls.models.call import Call, CallStatus, Fault, Source
from calls.models.imports import ContactImport, ImportStatus, OnKnown
from calls.models.money import (
    Bill,
    BillingStep,
    EntryKind,
    LedgerEntry,
    Rate,
    Spend,
    Wallet,
)
from calls.models.people import Contact, Suppression
from calls.models.recording import Recording, RecordingState
from calls.models.review import CallChange, CallTag, Note, Tag, ToldBy
from calls.models.spoken import ToolCall, Turn
from calls.models.traffic import (
    Attempt,
    Delivery,
    DeliveryState,
    WebhookEndpoint,
    WebhookEvent,
)
from calls.models.watch import Watch

__all__ = [
    "Attempt",
    "Bill",
    "BillingStep",
    "Call",
    "CallChange",
    "CallStatus",
    "CallTag",
    "Contact",
    "ContactImport",
    "Delivery",
    "DeliveryState",
    "EntryKind",
    "Fault",
    "ImportStatus",
    "LedgerEntry",
    "Note",
    "OnKnown",
    "Rate",
    "Recording",
    "RecordingState",
    "Source",
    "Spend",
    "Suppression",
    "Tag",
    "ToldBy",
    "ToolCall",
    "Turn",
    "Wallet",
    "Watch",
    "WebhookEndpoint",
    "WebhookEvent",
]
