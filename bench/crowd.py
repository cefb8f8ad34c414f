"""A workspace of the size of a bench: agents on numbers, and thousands of contacts."""

from itertools import count, islice, product
from random import Random

from agents import sync
from agents.models import Connection
from calls.models import Contact
from dashboard.models import Member, Role, User, Workspace

EMAIL = "bench@example.com"
FIRST = (
    *("Ada", "Bruno", "Chiara", "Dilan", "Elif", "Femi", "Greta", "Hugo", "Ines"),
    *("Jamal", "Katya", "Lars", "Mina", "Noah", "Olga", "Priya", "Quinn", "Rosa"),
    *("Samir", "Tova", "Umar", "Vera", "Wanda", "Xenia", "Yusuf", "Zoe"),
)
BEGIN = ("Ander", "Bel", "Cor", "Dal", "Ester", "Fal", "Gar", "Hol", "Im", "Jor", "Kes")
MIDDLE = ("", "a", "be", "cu", "di", "fo", "gra", "ho", "li", "mo", "nu", "pe", "ri")
END = ("berg", "dottir", "field", "kova", "land", "man", "ova", "quist", "son", "ton")
AREAS = (202, 212, 303, 312, 404, 415, 503, 617, 702, 713, 808, 917)
PEOPLE = 6


def build(slug: str, contacts: int) -> Workspace:
    """Make a workspace with the simulator's agents and numbers, people and contacts."""
    workspace = Workspace.objects.create(name="Bench", slug=slug)
    for index in range(PEOPLE):
        user = User.objects.create_user(f"{index or ''}{EMAIL}", "only-for-benchmarks")
        Member.objects.create(workspace=workspace, user=user, role=Role.ADMIN)
    connection = Connection.objects.create(
        workspace=workspace, provider="simulator", name="Simulator"
    )
    sync.sync(connection)
    Contact.objects.bulk_create(people(workspace, contacts), batch_size=1_000)
    return workspace


def people(workspace: Workspace, how_many: int) -> list[Contact]:
    """Return so many unsaved contacts, each with a name and a number of its own."""
    random = Random(how_many)
    last = ["".join(parts) for parts in product(BEGIN, MIDDLE, END)]
    names = [f"{first} {name}" for first, name in product(FIRST, last)]
    random.shuffle(names)
    numbers = (f"+1{random.choice(AREAS)}2{serial:06d}" for serial in count())
    return [
        Contact(workspace=workspace, name=names[i % len(names)], number=number)
        for i, number in enumerate(islice(numbers, how_many))
    ]
