"""Reception: somebody rang us; find out why, and solve it or take a message."""

from agents.providers.simulator.plays.stage import (
    Ending,
    Mood,
    Part,
    Play,
    Tool,
    agent,
    callee,
)

ACCOUNT = Tool(
    "find_caller",
    {"name": "{who}"},
    {"company": "{company}", "plan": "{plan}", "open_invoice": "{price}"},
)
MESSAGE = Tool(
    "take_message",
    {"from": "{who}", "for": "Ms Keller", "when": "{moment}"},
    {"status": "sent", "id": "{code}"},
)

INVOICE: Part = (
    (
        callee("Hi, I have a question about my last invoice."),
        agent("I'm happy to look. One moment, I'm opening the account{for_company}."),
        ACCOUNT,
        callee("It says {price}, but I expected less."),
        agent(
            "I see it here. You are on the {plan} plan, and {price} is one full month. "
            "The month before was only a part of one, so it was smaller."
        ),
    ),
    (
        callee("Hello, somebody sent me a reminder, but I have paid."),
        ACCOUNT,
        agent(
            "Let me see. There is one open item of {price} for the {plan} plan. When "
            "did you pay it?"
        ),
        callee("Last Friday, from the company's account."),
        agent("Then the two crossed. I have put the reminder on hold for a week."),
    ),
)
THANKS: Part = (
    (
        callee("Ah, that explains it."),
        agent("Is there anything else I can do for you{comma_name}?"),
        callee("No, that was all. Thank you!"),
        agent("Thank you for calling. Goodbye!"),
        callee("Bye."),
    ),
    (
        callee("Oh good. Could you send me a copy?"),
        agent("It is on its way to {email}."),
        callee("Perfect, thanks."),
        agent("You're welcome{comma_name}. Goodbye."),
    ),
)
PERSON: Part = (
    (
        callee("Could you put me through to Ms Keller, please?"),
        agent("She is in a meeting. May I take a message for her?"),
        callee("Yes. Please ask her to call me back, {moment} would be best."),
        MESSAGE,
        agent("I have sent it to her: please call{comma_name}, {moment}."),
    ),
    (
        callee("I'd like to speak to a person, please, not to a machine."),
        agent("I understand. Ms Keller can call you back. When would that suit you?"),
        callee("Then {moment}."),
        MESSAGE,
        agent("She has the message, with {moment} as the time. It is number {code}."),
    ),
)
PERSON_BYE: Part = (
    (
        callee("All right, thank you."),
        agent("Thank you for calling{comma_name}. Goodbye."),
    ),
)

SOLVED = Ending(
    "{who} rang about an invoice of {price} for the {plan} plan. It was explained, and "
    "nothing is left to do.",
    "positive",
    True,
    {"reason": "invoice", "amount": "{price}", "solved": True},
)
PASSED_ON = Ending(
    "{who} wanted to speak to Ms Keller, who was busy. A message was sent ({code}): "
    "call back {moment}.",
    "neutral",
    True,
    {
        "reason": "person wanted",
        "callback": "{moment}",
        "message": "{code}",
        "solved": False,
    },
)

PLAY = Play(
    name="reception",
    words=("reception", "front desk"),
    opening="Thank you for calling. How can I help?",
    moods={
        "success": Mood(6, (INVOICE, THANKS), SOLVED),
        "callback": Mood(4, (PERSON, PERSON_BYE), PASSED_ON),
    },
    callee_rang=True,
)
