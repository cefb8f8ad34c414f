"""What happens: contacts, calls and what was said, webhooks in and out."""

from calls.models.call import Call, CallStatus, Fault, Source
from calls.models.exports import Export, ExportFormat, ExportState
from calls.models.imports import ContactImport, ImportStatus, OnKnown
from calls.models.looks import Look, LookRule, Reason
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
from calls.models.privacy import ErasedKind, Erasure, RetentionPolicy, RetentionRun
from calls.models.recording import Recording, RecordingState
from calls.models.review import CallChange, CallTag, Note, Tag, ToldBy
from calls.models.search import Found, FoundKind, FoundWords
from calls.models.sharing import Share, ShareOpening
from calls.models.spoken import ToolCall, Turn
from calls.models.summary import DayTally, HourTally, Kind, StaleHour, Summary
from calls.models.traffic import (
    Attempt,
    Delivery,
    DeliveryState,
    WebhookEndpoint,
    WebhookEvent,
)
from calls.models.variables import ContextVariable, Scope, VariableKind
from calls.models.views import SavedView
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
    "ContextVariable",
    "DayTally",
    "Delivery",
    "DeliveryState",
    "EntryKind",
    "ErasedKind",
    "Erasure",
    "Export",
    "ExportFormat",
    "ExportState",
    "Fault",
    "Found",
    "FoundKind",
    "FoundWords",
    "HourTally",
    "ImportStatus",
    "Kind",
    "LedgerEntry",
    "Look",
    "LookRule",
    "Note",
    "OnKnown",
    "Rate",
    "Reason",
    "Recording",
    "RecordingState",
    "RetentionPolicy",
    "RetentionRun",
    "SavedView",
    "Scope",
    "Share",
    "ShareOpening",
    "Source",
    "Spend",
    "StaleHour",
    "Summary",
    "Suppression",
    "Tag",
    "ToldBy",
    "ToolCall",
    "Turn",
    "VariableKind",
    "Wallet",
    "Watch",
    "WebhookEndpoint",
    "WebhookEvent",
]
