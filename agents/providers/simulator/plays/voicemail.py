"""Voicemail: a machine's greeting, and the message left after the tone."""

from agents.providers.simulator.plays.stage import AGENT, Ending

GREETINGS = (
    (
        "Hi, this is {name_or_me}. I can't take your call right now. Please leave a "
        "message after the tone."
    ),
    "You have reached {name_or_me}. Leave your name and number, and I'll call back.",
    (
        "The person you have called is not available. At the tone, please record your "
        "message."
    ),
    "Hello, this is the mailbox of {name_or_me}. Speak after the beep, thank you.",
)
MESSAGES = {
    "renewal": (
        (
            "Sorry to miss you. The {plan} plan{for_company} renews on {renewal_date}. "
            "Please call us back before then if you have a question. Thank you, goodbye."
        ),
        (
            "I wanted to talk about the {plan} plan before {renewal_date}. I'll try again "
            "{moment}, or call us back at this number. Goodbye."
        ),
    ),
    "appointment": (
        (
            "This is only a reminder of your appointment on {appointment_time}. If it no "
            "longer suits, please call us back at this number. Goodbye."
        ),
        (
            "We expect you on {appointment_time}. You need not call back, unless you want "
            "to move it. See you then."
        ),
    ),
    "survey": (
        (
            "I have three short questions about the {plan} plan. I'll try again {moment}. "
            "Thank you, goodbye."
        ),
        (
            "It would have been two minutes about the {plan} plan. I'll call again, "
            "perhaps {moment}. Goodbye."
        ),
    ),
    "reception": (
        (
            "We are returning your call{for_company}. Please call us back at this number. "
            "Goodbye."
        ),
        "You had called us. We'll try again {moment}. Goodbye.",
    ),
}
ENDING = Ending(
    "A machine answered for {who}, and the agent left a message. Nobody was spoken to.",
    "unknown",
    False,
    {"in_voicemail": True, "next_step": "try again"},
    last_word=AGENT,
)
