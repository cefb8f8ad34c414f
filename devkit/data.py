"""Prepares what the programs need: settings, the database, static files, the demo."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devkit.steps import MANAGE, ROOT, quietly, say, step

APPS = ("dashboard", "agents", "calls")
ENV_FILE = """\
# Written by `make run` for this machine; `.env.example` explains every setting.
DEBUG=on
SECRET_KEY={secret}
"""


def write_env_file(path: Path) -> None:
    """Write settings for this machine, unless the person has a file already."""
    if path.exists():
        return
    say("Writing .env with a secret key of its own")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(ENV_FILE.format(secret=secrets.token_urlsafe(48)))


def read_env_file(path: Path) -> dict[str, str]:
    """Return the file's settings; what is in the environment goes before them."""
    lines = path.read_text().splitlines() if path.exists() else []
    pairs = (line.removeprefix("export ").partition("=") for line in lines)
    return {
        name.strip(): value.strip().strip("\"'")
        for name, equals, value in pairs
        if equals and not name.lstrip().startswith("#")
    }


def prepare_data(settings: Mapping[str, str]) -> str:
    """Migrate, collect static files, fill the demo; return the demo's logins."""
    data = Path(settings.get("DATA_DIR") or ROOT / "var").resolve()
    stamps = data / "stamps"
    if settings.get("DATABASE_URL") or not (data / "db.sqlite3").exists():
        # Another database may have changed behind our back: ask it every time.
        (stamps / "schema").unlink(missing_ok=True)
        (stamps / "demo").unlink(missing_ok=True)
    with ThreadPoolExecutor() as pool:
        static = pool.submit(collect_static, settings, stamps)
        migrate(settings, stamps)
        fill_demo(settings, stamps)
        static.result()
    return (stamps / "demo.txt").read_text()


def collect_static(settings: Mapping[str, str], stamps: Path) -> None:
    """Copy fonts, styles and scripts to where they are served from."""
    packages = [ROOT / "package-lock.json", ROOT / "requirements" / "run.txt"]
    inputs: list[Path | str] = [ROOT / "static", *packages]
    command = [*MANAGE, "collectstatic", "--no-input"]
    words = "Collecting the static files"
    step(words, stamps / "static", inputs, lambda: quietly(command, settings))


def migrate(settings: Mapping[str, str], stamps: Path) -> None:
    """Bring the database to the newest form."""
    command = [*MANAGE, "migrate", "--no-input"]
    inputs = schema(settings)
    words = "Preparing the database"
    step(words, stamps / "schema", inputs, lambda: quietly(command, settings))


def schema(settings: Mapping[str, str]) -> list[Path | str]:
    """Return what decides the form of the database, and which one it is."""
    folders = [ROOT / app / "migrations" for app in APPS]
    database = settings.get("DATABASE_URL", "")
    return [*folders, ROOT / "requirements" / "run.txt", database]


def fill_demo(settings: Mapping[str, str], stamps: Path) -> None:
    """Make the demo workspace; keep the logins that it prints for the next start."""
    commands = [ROOT / app / "management" for app in APPS]
    # The demo's connection calls this very server, so its address is part of it.
    address = [settings.get("PORT", ""), settings.get("BASE_URL", "")]
    inputs = [*schema(settings), *commands, *address]

    def work() -> None:
        logins = stamps / "demo.txt"
        logins.touch(mode=0o600)
        logins.write_text(quietly([*MANAGE, "demo"], settings))

    step("Filling the demo workspace", stamps / "demo", inputs, work)
