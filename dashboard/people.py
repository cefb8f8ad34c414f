"""Who is in a workspace: adding, changing a role, removing; each leaves an entry."""

import secrets

from django.db import transaction

from dashboard.models import AuditEntry, Member, Role, User, Workspace

LAST_ADMIN = "This is the last admin. Make somebody else an admin first."
NOT_YOURSELF = "You cannot remove yourself. Ask another admin to do it."
PASSWORD_BYTES = 12


class CannotChange(Exception):
    """A change that would leave a workspace without help; `str()` is for people."""


def find_person(email: str) -> User | None:
    """Return the person with an e-mail address, whatever its capitals."""
    return User.objects.filter(
        email=User.objects.normalize_email(email).lower()
    ).first()


@transaction.atomic
def add_person(
    workspace: Workspace, email: str, name: str, role: str, *, by: User
) -> tuple[Member, str]:
    """Add a person; return the member and the password, to be shown this once.

    Somebody who is in another workspace keeps their password: it is empty then.
    """
    user, password = find_person(email), ""
    if user is None:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        user = User.objects.create_user(email, password)
        user.name = name
        user.save(update_fields=["name"])
    member = workspace.members.create(user=user, role=role)
    AuditEntry.record(
        workspace, "person added", subject=user.email, user=by, after={"role": role}
    )
    return member, password


@transaction.atomic
def change_role(member: Member, role: str, *, by: User) -> None:
    """Give a member another role; the last admin stays one."""
    _keep_an_admin(member, becomes=role)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    AuditEntry.record(
        member.workspace,
        "role changed",
        subject=member.user.email,
        user=by,
        before={"role": before},
        after={"role": role},
    )


@transaction.atomic
def remove_person(member: Member, *, by: User) -> None:
    """Take a person out of the workspace; what they did stays."""
    if member.user_id == by.pk:
        raise CannotChange(NOT_YOURSELF)
    _keep_an_admin(member, becomes="")
    AuditEntry.record(
        member.workspace,
        "person removed",
        subject=member.user.email,
        user=by,
        before={"role": member.role},
    )
    member.delete()


def _keep_an_admin(member: Member, *, becomes: str) -> None:
    """Refuse what would leave no admin; the lock settles two at the same time."""
    admins = member.workspace.members.select_for_update().filter(role=Role.ADMIN)
    others = [row for row in admins if row.pk != member.pk]
    if member.role == Role.ADMIN and becomes != Role.ADMIN and not others:
        raise CannotChange(LAST_ADMIN)
