"""The settings of the tests: nothing comes from the developer's .env or var/."""

import os
import tempfile
from pathlib import Path

# `dev.py test` sets these: a folder for each run, and the servers of its second round.
TEMPORARY = Path(tempfile.gettempdir()) / "switchboard-tests"
DATA = Path(os.environ.get("TEST_DATA_DIR") or TEMPORARY)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{DATA / 'db.sqlite3'}")
os.environ.setdefault("REDIS_URL", "")
os.environ.update(
    DATA_DIR=str(DATA),
    DEBUG="off",
    SECRET_KEY="only-for-tests-" + "x" * 40,
    PORT="8000",
    BASE_URL="http://127.0.0.1:8000",
    ALLOWED_HOSTS="localhost,127.0.0.1,testserver",
    CREDENTIAL_KEYS="",
    ALLOW_PRIVATE_ADDRESSES="on",
    SIMULATOR_SPEED="50",
    EMAIL_URL="memorymail://",
)

from dashboard.settings import *
from dashboard.settings import STORAGES

# Pages are tested without `collectstatic`: names of static files stay as they are.
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
# People are made by the hundred here, and their passwords guard nothing.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
