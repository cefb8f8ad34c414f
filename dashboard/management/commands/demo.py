"""`manage.py demo`: a workspace to look at, and the voice platform it calls through.

Demo reaches the simulator over HTTP, through the compatible API of a second workspace,
so that both sides of every call are real. Safe to run again: it mends, adds what is
missing, and leaves what people changed.
"""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Replace
from django.utils import timezone

from agents import mirror, sync
from agents.models import Connection
from calls.models import Call, Contact
from dashboard.management.answers import Answer, AnswerCommand, Options, add_json
from dashboard.management.commands.apikey import ALL_SCOPES
from dashboard.management.demo_people import LOGINS, PASSWORD, PEOPLE
from dashboard.models import ApiKey, Member, Role, User, Workspace

DEMO, PLATFORM = "demo", "simulated"
COMPAT = "/compat/retell"
KEY_NAME = "Demo workspace"
EVENTS = ["call_started", "call_ended", "call_analyzed", "transcript_updated"]
# The platform's own limits; the demo's are the usual ones.
PLATFORM_CONCURRENCY = 1_000
CALLS, DAYS = 200, 14


class Command(AnswerCommand):
    """Makes the demo."""

    help = "Make the demo workspace and the simulated voice platform it calls through."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how much has happened already."""
        add_json(parser)
        words = f"finished calls to begin with ({CALLS})"
        parser.add_argument("--calls", type=int, default=CALLS, help=words)

    def answer(self, options: Options) -> Answer:
        """Make what is missing, correct the addresses, and say how to log in."""
        with transaction.atomic():
            demo = _workspace(DEMO, "Demo")
            platform = _workspace(PLATFORM, "Voice platform (simulated)")
            _log_ins(demo, platform)
            theirs = _simulator(platform)
            ours = _retell(demo, _key(platform))
            _webhooks(platform, ours)
            if not ours.agents.exists():
                told = mirror.agents_of(theirs), mirror.numbers_of(theirs)
                sync.keep(ours, *told, timezone.now())
            _contacts(demo)
        if not Call.objects.filter(workspace=demo).exists():
            count = options["calls"]
            fill = ("fill", "--workspace", DEMO, "--calls", count, "--days", DAYS)
            call_command(*map(str, fill), stdout=_Nowhere())
        return _answer()


class _Nowhere:
    """Takes what a command says and drops it."""

    def write(self, text: str) -> None:
        """Drop it."""


def _answer() -> Answer:
    logins = [
        {"email": email, "password": PASSWORD, "role": role.value}
        for email, _, role in LOGINS
    ]
    facts = {
        "url": settings.BASE_URL,
        "workspace": DEMO,
        "provider_workspace": PLATFORM,
        "logins": logins,
    }
    rows = [f"  {email:<22}{PASSWORD:<14}{role.label}" for email, _, role in LOGINS]
    return facts, "\n".join([f"Log in at {settings.BASE_URL} as", "", *rows])


def _workspace(slug: str, name: str) -> Workspace:
    row, _ = Workspace.objects.get_or_create(slug=slug, defaults={"name": name})
    return row


def _log_ins(demo: Workspace, platform: Workspace) -> None:
    """Let the three people into the demo; the admin may see the other side as well."""
    for email, name, role in LOGINS:
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, PASSWORD)
            user.name = name
            user.save(update_fields=["name"])
        Member.objects.get_or_create(workspace=demo, user=user, defaults={"role": role})
        if role == Role.ADMIN:
            Member.objects.get_or_create(
                workspace=platform, user=user, defaults={"role": role}
            )


def _simulator(platform: Workspace) -> Connection:
    """Return the platform's own connection, synced, at full speed."""
    row, is_new = platform.connections.get_or_create(
        provider="simulator",
        defaults={
            "name": "Simulator",
            "concurrency": PLATFORM_CONCURRENCY,
            "cps": PLATFORM_CONCURRENCY // 20,
        },
    )
    if is_new:
        sync.sync(row)
        for number in row.numbers.select_related("connection"):
            number.cps = number.cps_ceiling()
            number.save(update_fields=["cps"])
    return row


def _key(platform: Workspace) -> str:
    """Return the key with which the demo calls the platform."""
    rows = platform.api_keys.filter(name=KEY_NAME, revoked_at=None)
    row = rows.order_by("created_at").first()
    if row:
        return str(row.signing)
    return ApiKey.issue(platform, KEY_NAME, ALL_SCOPES)[1]


def _retell(demo: Workspace, key: str) -> Connection:
    """Return the demo's connection, with the platform's address and key of today."""
    wanted: dict[str, Any] = {
        "base_url": f"{settings.BASE_URL}{COMPAT}",
        "credentials": {"api_key": key, "webhook_key": key},
    }
    row, _ = demo.connections.get_or_create(
        provider="retell", defaults={"name": "Retell (simulated)", **wanted}
    )
    if any(getattr(row, name) != value for name, value in wanted.items()):
        _move_recordings(row.base_url.removesuffix(COMPAT))
        for name, value in wanted.items():
            setattr(row, name, value)
        row.save(update_fields=list(wanted))
    return row


def _move_recordings(old: str) -> None:
    """Let the recordings that we serve ourselves be found at today's address."""
    calls = Call.objects.filter(
        workspace__slug__in=(DEMO, PLATFORM),
        recording_url__startswith=f"{old}/recordings/",
    )
    new = Value(settings.BASE_URL)
    calls.update(recording_url=Replace("recording_url", Value(old), new))


def _webhooks(platform: Workspace, ours: Connection) -> None:
    """Let the platform tell the demo of its calls, at today's address."""
    path = f"/webhooks/{ours.webhook_token}/"
    url = f"{settings.BASE_URL}{path}"
    mine = platform.endpoints.filter(dialect="retell", url__endswith=path)
    if not mine.exists():
        platform.endpoints.create(dialect="retell", url=url, events=EVENTS)
    mine.exclude(url=url).update(url=url)


def _contacts(demo: Workspace) -> None:
    """Add whom to call; a contact that a person changed stays."""
    known = set(demo.contacts.values_list("number", flat=True))
    Contact.objects.bulk_create(
        Contact(
            workspace=demo,
            name=person.name,
            number=person.number,
            company=person.company,
            timezone=person.timezone,
            email=f"{person.name.split()[0].lower()}@example.com",
            attributes={
                "plan": person.plan,
                "renewal_date": person.renewal_date,
                "appointment_time": person.appointment_time,
            },
        )
        for person in PEOPLE
        if person.number not in known
    )
