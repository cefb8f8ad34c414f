"""The people of the demo: who logs in, and who is called."""

from dataclasses import dataclass

from dashboard.models import Role

PASSWORD = "switchboard"
# E-mail address, name and role of who logs in.
LOGINS = (
    ("admin@example.com", "Ada Admin", Role.ADMIN),
    ("manager@example.com", "Manuel Manager", Role.MANAGER),
    ("reviewer@example.com", "Rita Reviewer", Role.REVIEWER),
)
PACIFIC, EASTERN = "America/Los_Angeles", "America/New_York"
CENTRAL, MOUNTAIN = "America/Chicago", "America/Denver"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to call; the last two digits choose what the simulator does."""

    digits: str
    name: str
    company: str
    timezone: str
    plan: str
    renewal_date: str
    appointment_time: str

    @property
    def number(self) -> str:
        """The number, in E.164."""
        return f"+141555501{self.digits}"


# Who answers: each conversation goes a way of its own.
ANSWERING = (
    Person(
        *("00", "Jamie Doe", "Bright Bakery", PACIFIC),
        *("Growth", "December 14", "Tuesday at 9:30 am"),
    ),
    Person(
        *("01", "Priya Raman", "Lakeside Dental", PACIFIC),
        *("Team", "January 3", "Wednesday at 2:00 pm"),
    ),
    Person(
        *("02", "Marcus Webb", "Webb & Sons Roofing", EASTERN),
        *("Starter", "December 1", "Thursday at 8:15 am"),
    ),
    Person(
        *("03", "Sofia Alvarez", "Alvarez Law", PACIFIC),
        *("Business", "February 20", "Monday at 11:00 am"),
    ),
    Person(
        *("04", "Tom Okafor", "Okafor Logistics", CENTRAL),
        *("Fleet", "December 31", "Friday at 3:45 pm"),
    ),
    Person(
        *("05", "Hannah Lindqvist", "Nordic Interiors", PACIFIC),
        *("Growth", "January 15", "Tuesday at 4:30 pm"),
    ),
    Person(
        *("06", "Wei Chen", "Chen Optics", PACIFIC),
        *("Team", "March 1", "Wednesday at 10:00 am"),
    ),
    Person(
        *("07", "Fatima Haddad", "Cedar Travel", EASTERN),
        *("Business", "December 9", "Thursday at 1:30 pm"),
    ),
    Person(
        *("08", "Luca Moretti", "Moretti Foods", PACIFIC),
        *("Starter", "January 27", "Monday at 9:00 am"),
    ),
    Person(
        *("09", "Grace Kim", "Kim Pediatrics", PACIFIC),
        *("Team", "February 6", "Friday at 10:45 am"),
    ),
    Person(
        *("10", "Oliver Grant", "Grant Brewing", MOUNTAIN),
        *("Growth", "December 20", "Tuesday at 12:15 pm"),
    ),
    Person(
        *("11", "Amara Diallo", "Diallo Textiles", EASTERN),
        *("Business", "January 9", "Wednesday at 5:00 pm"),
    ),
)
# Their last names say what happens when they are called.
SPECIAL_NAMES = {
    "50": "Bob Busy",
    "51": "Nora No-Answer",
    "52": "Dan Declines",
    "53": "Vera Voicemail",
    "54": "Ivan Invalid",
    "55": "Erin Error",
    "56": "Lena Lost-Reply",
    "57": "Luke Lost-Call",
    "58": "Carla Crowded",
    "59": "Edgar Endless",
    "60": "Dora Double",
    "61": "Simon Silent",
    "62": "Tess Talkative",
}
SPECIAL = tuple(
    Person(
        *(digits, name, "Edge Cases Inc.", PACIFIC),
        *("Team", "January 31", "Thursday at 2:15 pm"),
    )
    for digits, name in SPECIAL_NAMES.items()
)
PEOPLE = ANSWERING + SPECIAL
