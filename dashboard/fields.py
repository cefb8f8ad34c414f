"""A JSON field whose text is encrypted in the database, with keys that can rotate."""

import base64
import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
else:
    TextField = models.TextField


def vault() -> MultiFernet:
    """Return the keys: the first encrypts, every one of them decrypts."""
    return _vault(settings.SECRET_KEY, tuple(settings.CREDENTIAL_KEYS))


@cache
def _vault(secret: str, keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        digest = hashlib.sha256(b"credentials:" + secret.encode()).digest()
        keys = (base64.urlsafe_b64encode(digest).decode(),)
    return MultiFernet([Fernet(key) for key in keys])


class Sealed:
    """A stored secret that no key decrypts: rows may be read, but it cannot be used.

    Every use raises ImproperlyConfigured with the mend, and so does storing it again.
    """

    WORDS = (
        "No key in CREDENTIAL_KEYS (or SECRET_KEY) decrypts a stored secret. Put the "
        "old key back behind the new one, then run `manage.py credentials rotate`."
    )

    def open(self, *_: Any) -> Any:
        """Say why there is nothing to be had."""
        raise ImproperlyConfigured(self.WORDS)

    def __getattr__(self, name: str) -> Any:
        # Copying a row looks for names like __deepcopy__, which are not there.
        return (
            self.open() if not name.startswith("__") else super().__getattribute__(name)
        )

    __or__ = __ror__ = __getitem__ = __contains__ = __iter__ = __len__ = open
    __bool__ = __str__ = open


class EncryptedJSONField(TextField):
    """Any JSON value, stored as a Fernet token; never shown in a log or a repr."""

    description = "JSON, encrypted at rest"

    def get_prep_value(self, value: Any) -> str | None:
        """Encrypt on the way into the database."""
        if value is None:
            return None
        if isinstance(value, Sealed):
            value.open()
        return vault().encrypt(json.dumps(value).encode()).decode()

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        """Decrypt on the way out; what no key fits stays Sealed."""
        if value is None:
            return None
        try:
            return json.loads(vault().decrypt(value.encode()))
        except InvalidToken:
            return Sealed()
