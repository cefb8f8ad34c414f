"""A long talk: questions and answers for about ten minutes, until somebody ends it."""

from agents.providers.simulator.plays.stage import Part, agent, callee

QUESTIONS = (
    "While I have you, how does {thing} work?",
    "I have another one. What about {thing}?",
    "And {thing}? Nobody has ever explained that to me.",
    "My colleague asked me about {thing}. Can you tell me more?",
)
# What is asked about, and what the agent says to it.
ANSWERS = (
    (
        "the mobile app",
        (
            "The app shows everything you see in the browser. You sign in with the same "
            "address, choose which alerts you want, and it keeps working for a while when "
            "there is no network."
        ),
    ),
    (
        "sharing the account with a colleague",
        (
            "You invite them from the settings page. They get a link, set a password of "
            "their own, and you decide whether they may only look, or change things too."
        ),
    ),
    (
        "the monthly report",
        (
            "It is put together on the first of each month and sent to everybody who "
            "asked for it. You can choose the columns, and it comes as a file that opens in "
            "any spreadsheet."
        ),
    ),
    (
        "paying by invoice",
        (
            "We send the invoice on the day the month begins, and you have thirty days. If "
            "your accounting needs an order number on it, tell me and I'll add it."
        ),
    ),
    (
        "the security of our data",
        (
            "Everything is encrypted on the way and at rest. Only people you invited can "
            "see it, each look at it is logged, and you can have all of it erased."
        ),
    ),
    (
        "moving to another plan",
        (
            "You can move up on any day, and only pay the difference for the rest of the "
            "month. Moving down works from the next renewal, which is on {renewal_date}."
        ),
    ),
    (
        "the support hours",
        (
            "People answer from eight to eight on working days, and on Saturday mornings. "
            "Outside of that, something urgent rings whoever is on duty that night."
        ),
    ),
    (
        "importing our old records",
        (
            "You upload a file, say which column is which, and see a preview before "
            "anything is stored. What does not fit comes back to you with the reason."
        ),
    ),
    (
        "the calendar",
        (
            "It follows the calendar you use already, in both directions. When somebody "
            "moves a meeting there, it moves here within a minute, and the other way round."
        ),
    ),
    (
        "working in two languages",
        (
            "Each person chooses a language. Templates can be kept in several of them, and "
            "the right one is used for each customer, so nobody has to think about it."
        ),
    ),
)
ROUNDS = (
    ("Got it.", "Is there anything else you would like to know?"),
    ("Okay, that is good to know.", "Gladly. Please go on if there is more."),
    ("I see. Could you say that once more, a bit slower?", "Of course. {again}"),
)


def _exchange(number: int) -> Part:
    """Return one question, its answer, and what follows from it."""
    thing, answer = ANSWERS[number % len(ANSWERS)]
    reply, follow = ROUNDS[(number + number // len(ANSWERS)) % len(ROUNDS)]
    question = QUESTIONS[number % len(QUESTIONS)].replace("{thing}", thing)
    if number >= len(ANSWERS):
        question = f"Going back to {thing} for a moment, how was that again?"
    lines = (
        callee(question),
        agent(answer),
        callee(reply),
        agent(follow.replace("{again}", answer)),
    )
    return (lines,)


PARTS: tuple[Part, ...] = tuple(_exchange(number) for number in range(2 * len(ANSWERS)))
