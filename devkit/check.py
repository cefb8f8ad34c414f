"""`check`: style, types, and what Django says of the settings and migrations."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time

from devkit.install import install
from devkit.steps import BIN, MANAGE, PYTHON, ROOT, give_up, say

# Settings as in production: what `check --deploy` says of these must be nothing.
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": "only-for-checks-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "BASE_URL": "https://switchboard.example",
    "ALLOWED_HOSTS": "switchboard.example",
    "DATABASE_URL": "sqlite://:memory:",
    "REDIS_URL": "",
}
TYPED = ["dashboard", "calls", "agents", "tests", "bench", "devkit"]


def check(arguments: list[str]) -> None:
    """Run every check, also after one has failed; end with 1 if any did."""
    install("test")
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, **PRODUCTION, "DATA_DIR": folder}
        failed = [
            name for name, line in checks().items() if not passes(name, line, env)
        ]
    if failed:
        give_up(f"Not in order: {', '.join(failed)}.")
    say("\nAll checks passed.")


def checks() -> dict[str, list[str]]:
    """Return each check's name and command."""
    ruff = str(BIN / "ruff")
    typed = [name for name in TYPED if any((ROOT / name).glob("**/*.py"))]
    mypy = [PYTHON, "-m", "mypy", *typed, "dev.py", "manage.py"]
    return {
        "ruff check": [ruff, "check", "."],
        "ruff format": [ruff, "format", "--check", "."],
        "mypy": mypy,
        "manage.py check": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
        "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    }


def passes(name: str, command: list[str], env: dict[str, str]) -> bool:
    """Run one check, its output shown, and tell whether it passed."""
    started = time.monotonic()
    done = subprocess.run(command, check=False, cwd=ROOT, env=env)
    word = "failed" if done.returncode else "passed"
    say(f"{name}: {word} in {time.monotonic() - started:.1f} s")
    return done.returncode == 0
