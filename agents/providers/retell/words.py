"""What Retell says beside, or in another way than, the wire it shares with others.

Source: the contract sheet (retell-sdk 6.2.13 and docs.retellai.com).
"""

from agents.providers.voicewire import words as wire

# What numbers bought there may call (contract sheet, section 8), by their carrier; an
# imported one calls what its own carrier allows.
BOUGHT_CALL = {
    "twilio": frozenset(
        {
            *("US", "IN", "AU", "DE", "ES", "GB", "MX", "FR"),
            *("JP", "CA", "IT", "ID", "PH", "MY", "TH"),
        }
    ),
    "telnyx": frozenset({"US", "IN", "CA"}),
}
# The parts of an `agent_override` (contract sheet, section 1.9).
OVERRIDE_GROUPS = frozenset({"agent", "retell_llm", "conversation_flow"})

# Its own words for why a call ended, beside those of the wire.
REASONS = wire.Reasons(
    ours=wire.REASONS
    | {
        "error_retell": wire.Reason("failed", "provider_error", "provider"),
        "no_concurrency_fallback": wire.Reason("ended", "concurrency_limit", "us"),
    },
    theirs=wire.THEIR_REASONS | {"provider_error": "error_retell"},
)

# The field that holds a call's variables.
VARIABLES = "retell_llm_dynamic_variables"

CARRIERS = {
    "retell-twilio": "twilio",
    "retell-telnyx": "telnyx",
    "custom": "custom",
}
THEIR_CARRIERS = {ours: theirs for theirs, ours in CARRIERS.items()}

# What of a latency the SDK knows.
PERCENTILES = ("p50", "p90", "p95", "p99", "max", "min", "num")
