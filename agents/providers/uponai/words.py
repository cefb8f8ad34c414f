"""What UponAI says beside, or in another way than, the wire it shares with others.

Source: the contract sheet, sections 4 and 6. The end of its table of reasons is cut off
there: it is taken to go on as that of the platform below it.
"""

from agents.providers.voicewire import words as wire

# The header's name is the platform's in the guide; a page that is no guide names
# another, so it is a setting (sheet, open question 11).
SIGNATURE_HEADER = "X-Retell-Signature"

REASONS = wire.Reasons(
    ours=wire.REASONS
    | {"error_retell": wire.Reason("failed", "provider_error", "provider")},
    theirs=wire.THEIR_REASONS,
)
