"""A JSON field whose text is encrypted in the database, with keys that can rotate."""

import base64
import hashlib
import json
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
    keys = list(settings.CREDENTIAL_KEYS)
    if not keys:
        digest = hashlib.sha256(b"credentials:" + settings.SECRET_KEY.encode()).digest()
        keys = [base64.urlsafe_b64encode(digest).decode()]
    return MultiFernet([Fernet(key) for key in keys])


class EncryptedJSONField(TextField):
    """Any JSON value, stored as a Fernet token; never shown in a log or a repr."""

    description = "JSON, encrypted at rest"

    def get_prep_value(self, value: Any) -> str | None:
        """Encrypt on the way into the database."""
        if value is None:
            return None
        return vault().encrypt(json.dumps(value).encode()).decode()

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        """Decrypt on the way out; raise with the mend when no key fits."""
        if value is None:
            return None
        try:
            return json.loads(vault().decrypt(value.encode()))
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "No key in CREDENTIAL_KEYS (or SECRET_KEY) decrypts a stored secret. "
                "Put the old key back behind the new one, then run "
                "`manage.py credentials rotate`."
            ) from error
