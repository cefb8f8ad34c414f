"""Where files are kept: a folder, or a bucket that speaks S3, told by one address."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

Storage = dict[str, Any]
FOLDER = "django.core.files.storage.FileSystemStorage"
BUCKET = "storages.backends.s3.S3Storage"
# What may stand behind the question mark, and what django-storages calls it.
OPTIONS = {"endpoint": "endpoint_url", "region": "region_name"}
WRONG = (
    "RECORDINGS_URL must be file:///a/folder, or "
    "s3://KEY:SECRET@bucket/prefix?endpoint=https://…&region=… (key and secret may come "
    "from the machine's own role; endpoint only where it is not Amazon's)."
)
MISSING = (
    "RECORDINGS_URL names a bucket, and what speaks to one is not installed: "
    "pip install 'django-storages[s3]'."
)


def storage(url: str, folder: Path, name: str) -> Storage:
    """Return the storage of a sort of files, as STORAGES wants it.

    Without a `url`, `folder` is where they are kept; in a bucket each sort is below its
    `name`. Raises ImproperlyConfigured with the mend.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.hostname:
        if find_spec("storages") is None or find_spec("boto3") is None:
            raise ImproperlyConfigured(MISSING)
        return {"BACKEND": BUCKET, "OPTIONS": _bucket(url, name)}
    if parts.scheme == "file" and parts.path:
        folder = Path(unquote(parts.path)) / name
    elif url:
        raise ImproperlyConfigured(WRONG)
    options = {
        "location": str(folder),
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
    }
    return {"BACKEND": FOLDER, "OPTIONS": options}


def _bucket(url: str, name: str) -> Storage:
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    if not asked.keys() <= OPTIONS.keys():
        raise ImproperlyConfigured(WRONG)
    # A host is written in small letters anyway, and so is a bucket.
    options: Storage = {
        "bucket_name": parts.hostname,
        "location": "/".join(filter(None, (parts.path.strip("/"), name))),
        # Nobody but us reads it: it is always served from our own address.
        "default_acl": None,
        "querystring_auth": True,
        "file_overwrite": False,
    }
    options |= {OPTIONS[word]: value for word, value in asked.items()}
    if parts.username:
        options["access_key"] = unquote(parts.username)
        options["secret_key"] = unquote(parts.password or "")
    return options
