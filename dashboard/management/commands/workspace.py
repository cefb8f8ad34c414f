"""`manage.py workspace create`: a workspace and its first admin."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from dashboard.management.answers import Answer, AnswerCommand, Options
from dashboard.models import Member, Role, User, Workspace


class Command(AnswerCommand):
    """Creates workspaces."""

    help = "Create a workspace with its first admin."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the names."""
        create = self.add_actions(parser)("create", self.create)
        create.add_argument("name", help="what people call it, such as “Acme Sales”")
        create.add_argument("--owner", required=True, help="e-mail of its first admin")
        words = "for a new person; an old one keeps theirs"
        create.add_argument("--password", default="", help=words)
        create.add_argument("--timezone", default="UTC", help="such as Europe/Berlin")
        words = "numbers without a country code are read as its numbers, such as US"
        create.add_argument("--country", default="US", help=words)

    @transaction.atomic
    def create(self, options: Options) -> Answer:
        """Create a workspace with its first admin."""
        name = options["name"].strip()
        if not name:
            raise CommandError("A workspace needs a name.")
        owner = self._owner(options["owner"].strip().lower(), options["password"])
        workspace = Workspace(
            name=name[:120],
            slug=Workspace.free_slug(name),
            timezone=options["timezone"],
            country=options["country"].upper()[:2],
        )
        workspace.save()
        Member.objects.create(workspace=workspace, user=owner, role=Role.ADMIN)
        facts = {"workspace": workspace.slug, "id": str(workspace.pk)}
        return facts, f"{name} is there as “{workspace.slug}”; {owner.email} is admin."

    def _owner(self, email: str, password: str) -> User:
        """Return the person with this address, new if need be."""
        known = User.objects.filter(email=email).first()
        if known:
            return known
        try:
            validate_email(email)
        except ValidationError as error:
            words = f"“{email}” is not an e-mail address."
            raise CommandError(words) from error
        if not password:
            words = f"{email} is new here. Give them a --password."
            raise CommandError(words)
        self._warn_of(password)
        return User.objects.create_user(email, password)

    def _warn_of(self, password: str) -> None:
        """Say it when the password is weak; whoever runs commands decides."""
        try:
            validate_password(password)
        except ValidationError as error:
            self.stderr.write(f"That password is weak. {' '.join(error.messages)}")
