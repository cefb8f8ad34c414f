"""Appointment: remind, confirm, move or cancel."""

from agents.providers.simulator.plays.stage import (
    Ending,
    Mood,
    Part,
    Play,
    Tool,
    agent,
    callee,
)

FREE_TIMES = Tool(
    "find_free_times",
    {"customer": "{who}", "not": "{appointment_time}"},
    {"first": "{slot}", "second": "{other_slot}"},
)
CONFIRM = Tool(
    "confirm_appointment",
    {"customer": "{who}", "time": "{appointment_time}"},
    {"status": "confirmed", "reference": "{code}"},
)
MOVE = Tool(
    "move_appointment",
    {"from": "{appointment_time}", "to": "{slot}"},
    {"status": "moved", "reference": "{code}"},
)
CANCEL = Tool(
    "cancel_appointment",
    {"time": "{appointment_time}"},
    {"status": "canceled", "fee": "none"},
)

ASK: Part = (
    (
        callee("Hi, yes, that's me."),
        agent(
            "I wanted to remind you of your appointment on {appointment_time}. Does "
            "that still suit you?"
        ),
    ),
    (
        callee("Oh, hello. Is something wrong?"),
        agent(
            "Not at all. It's only a reminder: we expect you on {appointment_time}. "
            "Can you make it?"
        ),
    ),
    (
        callee("Speaking. Is this about my appointment?"),
        agent("It is. We have you down for {appointment_time}. Will you be there?"),
    ),
)
KEEP: Part = (
    (
        callee("Yes, I have it in my calendar."),
        CONFIRM,
        agent("Lovely, it is confirmed. Your reference is {code}."),
        callee("Do I have to bring anything?"),
        agent(
            "Only your card and a photo ID. Please come ten minutes early, so that "
            "there is time for the forms."
        ),
    ),
    (
        callee("I think so. How long will it take?"),
        agent("About forty minutes, the forms included. Shall I confirm it?"),
        callee("Yes, please."),
        CONFIRM,
        agent("It is confirmed for {appointment_time}. The reference is {code}."),
    ),
)
MORE: Part = (
    (
        callee("Is there parking?"),
        agent(
            "Yes, behind the building. The first hour is free, and the entrance is on "
            "the left side."
        ),
    ),
    (
        callee("Which floor was it again?"),
        agent("The second floor. There is a lift right behind the entrance."),
    ),
    (
        callee("Could you send me the address?"),
        agent("I'll send it to {email}, with a map, in a minute."),
    ),
)
BYE: Part = (
    (
        callee("Great. Thanks for the call."),
        agent("See you then{comma_name}. Goodbye!"),
        callee("Bye."),
    ),
    (
        callee("Okay, that's all I needed."),
        agent("Wonderful{comma_name}. Have a good day."),
        callee("Thanks, you too."),
    ),
)
OTHER: Part = (
    (
        callee("Ah, no. I can't that day any more. Could we move it?"),
        FREE_TIMES,
        agent("Of course. I could offer {slot}, or {other_slot}."),
        callee("The first one would be good. {slot}."),
        MOVE,
        agent("Then it is {slot} instead of {appointment_time}. Reference {code}."),
    ),
    (
        callee("{appointment_time}? I thought that was a week later."),
        FREE_TIMES,
        agent("Let me see what is free. How about {slot}? Or else {other_slot}."),
        callee("{slot} works for me."),
        MOVE,
        agent("Moved. You are down for {slot} now, and the reference is {code}."),
    ),
)
OFF: Part = (
    (
        callee("Actually, I don't need it any more. Please cancel it."),
        CANCEL,
        agent(
            "I have canceled {appointment_time}. There is no fee. Would you like a "
            "new date later on?"
        ),
        callee("No, thanks. I'll get in touch if I do."),
        agent("That's fine{comma_name}. Take care."),
    ),
    (
        callee("I went somewhere else in the meantime, sorry."),
        agent("Thank you for telling me. Shall I cancel {appointment_time} for you?"),
        callee("Yes, do that."),
        CANCEL,
        agent("It is canceled, and there is no fee. All the best{comma_name}."),
    ),
)

KEPT = Ending(
    "{who} confirmed the appointment on {appointment_time} (reference {code}) and had "
    "a question that was answered.",
    "positive",
    True,
    {"outcome": "confirmed", "time": "{appointment_time}", "reference": "{code}"},
)
MOVED = Ending(
    "{who} could not come on {appointment_time}; the appointment was moved to {slot} "
    "(reference {code}).",
    "positive",
    True,
    {
        "outcome": "moved",
        "time": "{slot}",
        "was": "{appointment_time}",
        "reference": "{code}",
    },
)
DROPPED = Ending(
    "{who} canceled the appointment on {appointment_time} and did not want a new one.",
    "neutral",
    False,
    {"outcome": "canceled", "was": "{appointment_time}"},
    last_word="agent",
)

PLAY = Play(
    name="appointment",
    words=("appointment",),
    opening="Hello{comma_name}, I'm calling about your appointment.",
    moods={
        "success": Mood(11, (ASK, KEEP, MORE, BYE), KEPT),
        "moved": Mood(6, (ASK, OTHER, MORE, BYE), MOVED),
        "not_interested": Mood(3, (ASK, OFF), DROPPED),
    },
)
