"""The agents and numbers of the simulated voice platform."""

from datetime import UTC, datetime

from agents.providers.base import AgentFacts, BindingFacts, NumberFacts, VersionFacts

RENEWAL, APPOINTMENT = "agent_sim_renewal", "agent_sim_appointment"
SURVEY, RECEPTION = "agent_sim_survey", "agent_sim_reception"
MODELS = ("gpt-4.1-mini", "gpt-4.1")
VOICES = {
    RENEWAL: ("11labs-Maya", "11labs-Maya"),
    APPOINTMENT: ("openai-Alloy", "cartesia-Robin"),
    SURVEY: ("cartesia-Nico", "cartesia-Nico"),
    RECEPTION: ("11labs-Adrian", "11labs-Adrian"),
}
NAMES = {
    RENEWAL: "Sales renewal",
    APPOINTMENT: "Appointment reminder",
    SURVEY: "Customer survey",
    RECEPTION: "Reception",
}
# For each agent, version by version: its title, its opening line and its prompt.
TEXTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    RENEWAL: (
        (
            "First try",
            "Hello {{first_name}}, this is Maya from Harbor Telecom.",
            (
                "You are Maya, who calls customers about a sales renewal.\n\n"
                "The customer is {{first_name}}, on the {{plan}} plan, which renews on "
                "{{renewal_date}}. Say why you call, answer questions, and ask whether the "
                "plan should be renewed. Be brief and never push."
            ),
        ),
        (
            "Names the company",
            (
                "Hello {{first_name}}, this is Maya from Harbor Telecom. I'm calling "
                "about the {{plan}} plan of {{company}}."
            ),
            (
                "You are Maya, who calls customers about a sales renewal.\n\n"
                "The customer is {{first_name}} of {{company}}, on the {{plan}} plan, "
                "which renews on {{renewal_date}}. Say why you call, answer questions, "
                "and ask whether the plan should be renewed. You may offer up to 15 % "
                "off for a year. Be brief and never push."
            ),
        ),
        (
            "Asks for two minutes",
            (
                "Hi {{first_name}}, it's Maya from Harbor Telecom, about the {{plan}} "
                "plan of {{company}}. Do you have two minutes?"
            ),
            (
                "You are Maya, who calls customers about a sales renewal.\n\n"
                "The customer is {{first_name}} of {{company}}, on the {{plan}} plan, "
                "which renews on {{renewal_date}}.\n\n"
                "1. Ask whether it is a good moment. If not, offer to call back.\n"
                "2. Look up the account before you name a price.\n"
                "3. You may offer up to 15 % off for a year, once.\n"
                "4. On a yes, renew and read out the confirmation number.\n\n"
                "Be brief and never push."
            ),
        ),
    ),
    APPOINTMENT: (
        (
            "Reminder only",
            "Hello {{first_name}}, this is Robin from Lakeside Clinic.",
            (
                "You are Robin. Remind {{first_name}} of the appointment on "
                "{{appointment_time}} and ask whether it still suits."
            ),
        ),
        (
            "Can move it",
            (
                "Hello {{first_name}}, this is Robin from Lakeside Clinic. I'm calling "
                "about your appointment on {{appointment_time}}."
            ),
            (
                "You are Robin. Remind {{first_name}} of the appointment on "
                "{{appointment_time}}. Confirm it, or look up free times and move it. "
                "Never give medical advice."
            ),
        ),
    ),
    SURVEY: (
        (
            "Five questions",
            "Hi {{first_name}}, this is Nico. May I ask you five short questions?",
            (
                "You are Nico and run a customer survey. Ask {{first_name}} about the "
                "{{plan}} plan: five questions, one at a time."
            ),
        ),
        (
            "Three questions",
            (
                "Hi {{first_name}}, this is Nico with a short survey about the {{plan}} "
                "plan. It takes three questions."
            ),
            (
                "You are Nico and run a customer survey. Ask {{first_name}} about the "
                "{{plan}} plan: three questions, one at a time. Take a no for an answer."
            ),
        ),
    ),
    RECEPTION: (
        (
            "Takes messages",
            "Thank you for calling, this is the reception. How can I help?",
            (
                "You are the reception. Find out what the caller needs and take a "
                "message with a name and a number."
            ),
        ),
        (
            "Knows the caller",
            "Hello {{first_name}}, thank you for calling. How can I help?",
            (
                "You are the reception. The caller is {{first_name}} of {{company}}. "
                "Find out what they need, look up their account, and solve it or take a "
                "message."
            ),
        ),
    ),
}


def agents() -> tuple[AgentFacts, ...]:
    """Return the agents with their versions, the newest of Sales renewal a draft."""
    return tuple(_agent(agent_id) for agent_id in NAMES)


def _agent(agent_id: str) -> AgentFacts:
    versions = tuple(_version(agent_id, number) for number in _numbered(agent_id))
    return AgentFacts(agent_id, NAMES[agent_id], versions)


def _numbered(agent_id: str) -> range:
    return range(len(TEXTS[agent_id]))


def _version(agent_id: str, number: int) -> VersionFacts:
    title, opening_line, prompt = TEXTS[agent_id][number]
    return VersionFacts(
        version=number,
        is_published=number < 2,
        prompt=prompt,
        opening_line=opening_line,
        voice=VOICES[agent_id][min(number, 1)],
        model=MODELS[min(number, 1)],
        language="en-US",
        title=title,
        changed_at=datetime(2026, 9 + number, 1 + 3 * number, 9, 30, tzinfo=UTC),
    )


def numbers() -> tuple[NumberFacts, ...]:
    """Return one number of each kind of carrier, with who answers and who calls."""
    return (
        NumberFacts(
            "+16285550171",
            label="San Francisco sales",
            carrier="twilio",
            inbound=BindingFacts(RECEPTION),
            outbound=BindingFacts(RENEWAL),
        ),
        NumberFacts(
            "+12125550182",
            label="New York appointments",
            carrier="telnyx",
            countries=("US", "CA"),
            inbound=BindingFacts(RECEPTION),
            outbound=BindingFacts(APPOINTMENT),
        ),
        NumberFacts(
            "+13125550193",
            label="Chicago office trunk",
            carrier="custom",
            outbound=BindingFacts(SURVEY, 1),
        ),
    )
