"""Sales renewal: the plan runs out; renew it, leave it, or call again."""

from agents.providers.simulator.plays.stage import (
    Ending,
    Mood,
    Part,
    Play,
    Tool,
    agent,
    callee,
)

LOOK_UP = Tool(
    "get_account",
    {"customer": "{who}", "plan": "{plan}"},
    {"plan": "{plan}", "price": "{price}", "used": "{usage}"},
)
RENEW = Tool(
    "renew_plan",
    {"plan": "{plan}", "term": "12 months", "discount": "{discount}"},
    {"status": "renewed", "confirmation": "{code}"},
)
CALL_BACK = Tool(
    "schedule_callback",
    {"customer": "{who}", "when": "{moment}"},
    {"status": "scheduled", "when": "{moment}"},
)

WHY: Part = (
    (
        callee("Yes, speaking."),
        agent(
            "Good to reach you{comma_name}. Your {plan} plan renews on {renewal_date}, "
            "and I wanted to go over it with you before that. Is now a good moment?"
        ),
    ),
    (
        callee("Hi. What is this about?"),
        agent(
            "It's about the {plan} plan{for_company}. It renews on {renewal_date}, and "
            "I'd like to make sure it still fits. Do you have two minutes?"
        ),
    ),
    (
        callee("Oh, hi. I was wondering when somebody would call about that."),
        agent(
            "Then I'm just in time. The {plan} plan renews on {renewal_date}. Shall we "
            "look at it together, so that there are no surprises?"
        ),
    ),
)
FOUND: Part = (
    (
        callee("Sure, go ahead."),
        LOOK_UP,
        agent(
            "Thank you. I have the account open now. You pay {price} a month, and last "
            "month you used about {usage} of what the plan includes."
        ),
    ),
    (
        callee("Okay, but keep it short, please."),
        LOOK_UP,
        agent(
            "Of course. You are at {price} a month and use about {usage} of the plan, "
            "so it fits you well."
        ),
    ),
    (
        callee("Two minutes is fine. I'm between meetings."),
        LOOK_UP,
        agent(
            "Thanks, I'll be quick. I see {price} a month here, and about {usage} of "
            "it in use. That is a healthy match."
        ),
    ),
)
PRICE: Part = (
    (
        callee("Has the price gone up?"),
        agent(
            "It stays at {price}. And if you renew for a year today, I can take "
            "{discount} off that."
        ),
    ),
    (
        callee("Is there anything cheaper?"),
        agent(
            "You could pay month by month, but then the {discount} for a year would be "
            "gone. For what {company} uses, the year is the better deal."
        ),
    ),
    (
        callee("What happens if I do nothing?"),
        agent(
            "Then it renews by itself on {renewal_date}, at {price}. If you confirm the "
            "year with me now, I can take {discount} off."
        ),
    ),
)
YES: Part = (
    (
        callee("That sounds fair. Could you send me that in writing?"),
        agent("Yes, it goes to {email}. Shall I confirm the renewal for you?"),
        callee("Yes, please do."),
        RENEW,
        agent("Done. The {plan} plan is renewed. Your confirmation is {code}."),
    ),
    (
        callee("All right, let's do the year then."),
        RENEW,
        agent(
            "Wonderful. That went through: the {plan} plan is renewed for twelve "
            "months, and the confirmation number is {code}."
        ),
        callee("{code}, got it."),
        agent("I'll send it to {email} as well, so you need not write it down."),
    ),
)
BYE: Part = (
    (
        callee("Great, thank you."),
        agent("Thank you{comma_name}. Have a lovely day!"),
        callee("You too, bye."),
    ),
    (
        callee("Perfect. That was painless."),
        agent("I'm glad. Thanks for your time{comma_name}, goodbye."),
    ),
)
NO: Part = (
    (
        callee("To be honest, we are going to let it run out."),
        agent(
            "I understand. May I ask what is missing? You use about {usage} of it today."
        ),
        callee("Nothing is wrong with it. We are moving to something else."),
    ),
    (
        callee("It's too expensive for what we do with it."),
        agent("If it is the price, I could take {discount} off for a year."),
        callee("No, thank you. We have decided already."),
    ),
)
NO_BYE: Part = (
    (
        agent(
            "Thank you for telling me. I won't press you. The plan then ends on "
            "{renewal_date}, and nothing more is charged."
        ),
        callee("Good. Please don't call about this again."),
        agent("I have noted that. All the best{comma_name}."),
    ),
)
LATER: Part = (
    (
        callee("It's really a bad moment. I'm about to walk into a meeting."),
        agent("No problem at all. When may I call you again?"),
        callee("Try {moment}, please."),
        CALL_BACK,
        agent("I have put that down: {moment}. I'll have the numbers ready by then."),
    ),
    (
        callee("I would have to talk to my colleague first. She does the contracts."),
        agent("That makes sense. Shall I call again when you have spoken to her?"),
        callee("Yes, {moment} would be good."),
        CALL_BACK,
        agent("Then I'll call {moment}, and I'll send the offer to {email} before."),
    ),
)
LATER_BYE: Part = (
    (
        callee("Thanks. Talk to you then."),
        agent("Until then{comma_name}. Goodbye!"),
    ),
)

RENEWED = Ending(
    "{who} agreed to renew the {plan} plan for twelve months at {discount} off "
    "{price} a month. The renewal went through under confirmation {code}, and the "
    "details were promised by e-mail.",
    "positive",
    True,
    {
        "renewed": True,
        "plan": "{plan}",
        "discount": "{discount}",
        "confirmation": "{code}",
        "next_step": "none",
    },
)
DECLINED = Ending(
    "{who} does not want to renew the {plan} plan and asked not to be called about it "
    "again. The plan ends on {renewal_date}.",
    "negative",
    False,
    {"renewed": False, "plan": "{plan}", "next_step": "do not call again"},
    last_word="agent",
)
POSTPONED = Ending(
    "{who} had no time to talk about the {plan} plan and asked to be called again "
    "{moment}. A callback was scheduled.",
    "neutral",
    False,
    {
        "renewed": False,
        "plan": "{plan}",
        "callback": "{moment}",
        "next_step": "call back",
    },
)

PLAY = Play(
    name="renewal",
    words=("renewal", "renew", "sales"),
    opening="Hello{comma_name}, I'm calling about your plan.",
    moods={
        "success": Mood(13, (WHY, FOUND, PRICE, YES, BYE), RENEWED),
        "not_interested": Mood(4, (WHY, FOUND, NO, NO_BYE), DECLINED),
        "callback": Mood(3, (WHY, LATER, LATER_BYE), POSTPONED),
    },
)
