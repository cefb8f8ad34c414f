"""Survey: three questions, or a no."""

from agents.providers.simulator.plays.stage import (
    Ending,
    Mood,
    Part,
    Play,
    Tool,
    agent,
    callee,
)

NOTE_GOOD = Tool(
    "save_answer",
    {"question": "recommend", "score": "{score}", "plan": "{plan}"},
    {"status": "saved", "id": "{code}"},
)
NOTE_BAD = Tool(
    "save_answer",
    {"question": "recommend", "score": "{low_score}", "plan": "{plan}"},
    {"status": "saved", "id": "{code}"},
)
TICKET = Tool(
    "open_ticket",
    {"customer": "{who}", "about": "{topic}"},
    {"status": "opened", "ticket": "{code}"},
)
CALL_BACK = Tool(
    "schedule_callback",
    {"customer": "{who}", "when": "{moment}"},
    {"status": "scheduled", "when": "{moment}"},
)

FIRST = (
    "Thank you{comma_name}. First: from zero to ten, how likely are you to recommend "
    "the {plan} plan to a friend?"
)
START: Part = (
    (callee("A survey? How long will it take?"), agent("Two minutes. " + FIRST)),
    (callee("Okay, why not. I have a coffee in my hand anyway."), agent(FIRST)),
    (callee("Sure, if it's quick."), agent("It is. " + FIRST)),
)
GOOD: Part = (
    (
        callee("I'd say {score}."),
        NOTE_GOOD,
        agent("{score}, thank you. And what do you like best about it?"),
        callee("Definitely {topic}. It just works, I never have to think about it."),
    ),
    (
        callee("Hm, a {score}. It does what it should."),
        NOTE_GOOD,
        agent("Noted, a {score}. What has helped you most so far?"),
        callee("That would be {topic}. My colleagues say the same."),
    ),
)
BAD: Part = (
    (
        callee("Honestly? A {low_score}."),
        NOTE_BAD,
        agent("I'm sorry to hear that, and thank you for being open. What went wrong?"),
        callee("It's {topic}. I have written about it twice, and nobody answered."),
        TICKET,
        agent(
            "That should not happen. I have opened a ticket, number {code}, and "
            "somebody will call you about {topic} this week."
        ),
    ),
    (
        callee("Not likely at all. {low_score}, and that is generous."),
        NOTE_BAD,
        agent("I see. What would have to change for you?"),
        callee("First of all {topic}. It has cost me hours."),
        TICKET,
        agent("I understand. I have passed that on as {code}, with your words."),
    ),
)
WISH: Part = (
    (
        agent("Last question: if you had one wish{for_company}, what would it be?"),
        callee("Let me think. I'd say {wish}."),
        agent("{wish}. I have written that down, word for word."),
    ),
    (
        agent("And the last one: what should we do better?"),
        callee("Maybe {wish}. The rest is fine."),
        agent("Thank you, that is very useful."),
    ),
)
BYE: Part = (
    (
        callee("Was that it?"),
        agent("That was it. Thank you very much{comma_name}, and goodbye!"),
        callee("Bye."),
    ),
    (
        callee("Good. I hope it helps."),
        agent("It does. Thank you for your time{comma_name}."),
        callee("You're welcome, bye."),
    ),
)
NO: Part = (
    (
        callee("No, I'm sorry. I don't do surveys on the phone."),
        agent("I understand. May we send you the three questions by e-mail instead?"),
        callee("No, please take me off that list."),
        agent("I have noted that. Sorry for the trouble{comma_name}, goodbye."),
    ),
)
LATER: Part = (
    (
        callee("I'm driving right now."),
        agent("Then please don't let me disturb you. May I call again?"),
        callee("Yes, {moment}."),
        CALL_BACK,
        agent("I'll call {moment}. Drive safely{comma_name}!"),
        callee("Thanks."),
    ),
)

HAPPY = Ending(
    "{who} answered all three questions about the {plan} plan and gave it {score} of "
    "10. Most liked was {topic}; the one wish is {wish}.",
    "positive",
    True,
    {"score": "{score}", "likes": "{topic}", "wish": "{wish}", "completed": True},
)
CROSS = Ending(
    "{who} gave the {plan} plan {low_score} of 10 and is unhappy with {topic}. A "
    "ticket was opened ({code}); a call back was promised. The one wish is {wish}.",
    "negative",
    True,
    {
        "score": "{low_score}",
        "trouble": "{topic}",
        "ticket": "{code}",
        "wish": "{wish}",
        "completed": True,
    },
)
REFUSED = Ending(
    "{who} did not want to take part in the survey and asked to be taken off the list.",
    "negative",
    False,
    {"completed": False, "next_step": "do not call again"},
    last_word="agent",
)
POSTPONED = Ending(
    "{who} was driving and asked to be called again {moment}. A callback was scheduled.",
    "neutral",
    False,
    {"completed": False, "callback": "{moment}", "next_step": "call back"},
)

PLAY = Play(
    name="survey",
    words=("survey",),
    opening="Hi{comma_name}, may I ask you three short questions?",
    moods={
        "success": Mood(11, (START, GOOD, WISH, BYE), HAPPY),
        "unhappy": Mood(4, (START, BAD, WISH, BYE), CROSS),
        "not_interested": Mood(3, (NO,), REFUSED),
        "callback": Mood(2, (LATER,), POSTPONED),
    },
)
