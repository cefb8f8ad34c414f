"""Workspaces, the people in them, their API keys, and who changed what."""

import hashlib
import secrets
from datetime import datetime, time
from hmac import compare_digest
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.text import slugify
from django.utils.timezone import now as utc_now
from uuid_utils.compat import uuid7

from dashboard.fields import EncryptedJSONField
from dashboard.prepared import Given, Prepared


class UserManager(BaseUserManager["User"]):
    """People are known by their e-mail address; there are no user names."""

    def create_user(self, email: str, password: str | None = None) -> "User":
        """Create a person who can log in once a password is set."""
        user = self.model(email=self.normalize_email(email).lower())
        user.set_password(password)
        user.save()
        return user


class User(AbstractUser):
    """A person. What they may do is decided by their Member rows."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[assignment,misc]

    def __str__(self) -> str:
        return self.name or self.email


def working_days() -> list[int]:
    """Return Monday to Friday, as ISO counts them."""
    return [1, 2, 3, 4, 5]


def usual_phrases() -> list[str]:
    """Return what people say in English who do not want to be called any more."""
    return [
        "do not call me again",
        "don't call me again",
        "do not call me anymore",
        "don't call me anymore",
        "never call me again",
        "do not call this number",
        "don't call this number",
        "stop calling me",
        "stop calling this number",
        "stop calling here",
        "remove me from your list",
        "take me off your list",
        "remove my number",
        "take my number off",
    ]


def usual_fields() -> list[str]:
    """Return how the fields are usually called in which a provider notes the same."""
    return ["do_not_call", "opt_out", "opted_out", "unsubscribe"]


class Workspace(models.Model):
    """One company's own world: every other row belongs to exactly one of these."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=60, default="UTC")
    # Numbers typed without a country code are read as numbers of this country.
    country = models.CharField(max_length=2, default="US")
    # When people may be called, by their own clock; ISO weekdays: Monday is 1.
    has_calling_hours = models.BooleanField(default=False)
    calling_days = models.JSONField(default=working_days)
    calling_from = models.TimeField(default=time(9))
    calling_until = models.TimeField(default=time(20))
    # How often a number may be called in one of its days; None: however often.
    attempts_per_day = models.PositiveSmallIntegerField(null=True, blank=True)
    # Heard in a call, or noted of it by the provider, these put the number on the
    # do-not-call list.
    optout_phrases = models.JSONField(default=usual_phrases, blank=True)
    optout_fields = models.JSONField(default=usual_fields, blank=True)
    created_at = models.DateTimeField(default=utc_now)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def free_slug(cls, name: str) -> str:
        """Return a slug for `name` that no workspace has yet."""
        base = slugify(name)[:50] or "workspace"
        taken = set(
            cls.objects.filter(slug__startswith=base).values_list("slug", flat=True)
        )
        numbered = (f"{base}-{count}" for count in range(2, len(taken) + 3))
        return (
            base if base not in taken else next(s for s in numbered if s not in taken)
        )


class Role(models.TextChoices):
    """What a person may do in a workspace."""

    ADMIN = "admin", "Admin"
    MANAGER = "manager", "Sales manager"
    REVIEWER = "reviewer", "Reviewer"


# What each role may do; views ask `member.may("launch")`.
ABILITIES: dict[str, frozenset[str]] = {
    Role.ADMIN: frozenset({"launch", "edit_contacts", "bind", "connect", "administer"}),
    Role.MANAGER: frozenset({"launch", "edit_contacts"}),
    Role.REVIEWER: frozenset(),
}


class Member(models.Model):
    """A person in a workspace, with a role."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="members")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(default=utc_now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="member_once"),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="member_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"

    def may(self, ability: str) -> bool:
        """Tell whether this person may do `ability` (a word of ABILITIES)."""
        return ability in ABILITIES[self.role]


def digest(token: str) -> str:
    """Return the form in which a key is stored and looked up."""
    return hashlib.sha256(token.encode()).hexdigest()


# What is asked of a key's workspace at every request.
WHOSE = ("workspace__wallet", "workspace__retention")
# A secret costs its decryption, and these lists are asked for when a call is over.
NOT_ASKED = ("signing", "workspace__optout_phrases", "workspace__optout_fields")


class ApiKey(models.Model):
    """A program's way in. The key itself is shown once and found by its digest.

    `signing` keeps the key encrypted as well, because some providers (Retell) sign
    their webhooks with the client's own API key, and we answer as they do.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    key_digest = models.CharField(max_length=64, unique=True)
    secret_digest = models.CharField(max_length=64)
    signing = EncryptedJSONField()
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=utc_now)
    expires_at = models.DateTimeField(null=True, blank=True)
    # Counted in calls/api/allowance.py; None: however many.
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    # The field of a call's metadata that says whom to call, where a dialect makes calls
    # without a number; empty: such a call is a record only.
    callee_field = models.CharField(max_length=60, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(
        cls, workspace: Workspace, name: str, scopes: list[str], **limits: Any
    ) -> tuple["ApiKey", str, str]:
        """Create a key; return the row, the key and the secret (both shown once).

        `limits` are `expires_at`, `requests_per_minute` and `callee_field`; without them
        there are none.
        """
        key = f"key_{secrets.token_hex(20)}"
        secret = f"s3cr3t_{secrets.token_urlsafe(30)}"
        row = cls.objects.create(
            workspace=workspace,
            name=name,
            prefix=key[:12],
            key_digest=digest(key),
            secret_digest=digest(secret),
            signing=key,
            scopes=scopes,
            **limits,
        )
        return row, key, secret

    @classmethod
    def known(cls, key: str) -> "ApiKey | None":
        """Return the row of a key as a client sent it, usable or not, or None."""
        return KEY.first(digest=digest(key))

    @classmethod
    def find(cls, key: str) -> "ApiKey | None":
        """Return the usable key row for a key as a client sent it, or None."""
        row = cls.known(key)
        return row if row and row.is_usable(utc_now()) else None

    def is_usable(self, now: datetime) -> bool:
        """Tell whether the key is neither revoked nor expired."""
        is_live = self.expires_at is None or self.expires_at > now
        return is_live and self.revoked_at is None

    def fits(self, secret: str) -> bool:
        """Tell in constant time whether the secret is the one that goes with the key."""
        return compare_digest(self.secret_digest, digest(secret))


# Asked at every request of a program.
KEY = Prepared(
    lambda: (
        ApiKey.objects.filter(key_digest=Given("digest", models.CharField()))
        .select_related(*WHOSE)
        .defer(*NOT_ASKED)
    )
)

# Who does something: a person, a program with its key, or Switchboard by itself.
Author = User | ApiKey | None


class AuditEntry(models.Model):
    """Who changed what, with the values before and after (never a secret)."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="audit")
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    api_key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, blank=True)
    at = models.DateTimeField(default=utc_now)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-at"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    @classmethod
    def record(
        cls, workspace: Workspace, action: str, by: Author = None, **facts: Any
    ) -> "AuditEntry":
        """Write one entry; `by` did it, and `facts` are its other fields."""
        if by is not None:
            facts["user" if isinstance(by, User) else "api_key"] = by
        return cls.objects.create(workspace=workspace, action=action, **facts)
