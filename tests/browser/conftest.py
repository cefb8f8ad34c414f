"""A whole Switchboard as `make run` starts it, and Chromium to look at it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "switchboard"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
]
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a demo Switchboard with the embedded broker; return its address."""
    port, data = free_port(), tmp_path_factory.mktemp("house")
    env = {name: v for name, v in os.environ.items() if name not in UNSET} | {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DEBUG": "on",
        "SECRET_KEY": "only-for-the-browser-tests",
        "DATA_DIR": str(data),
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "SIMULATOR_SPEED": "20",
    }
    for command in ("migrate -v0", "collectstatic -v0 --no-input", "demo --json"):
        manage(env, *command.split())
    server = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "gunicorn"),
            *("--config", "python:dashboard.gunicorn_embedded"),
            *("--bind", f"127.0.0.1:{port}", "dashboard.wsgi:application"),
        ],
        cwd=ROOT,
        env=env,
    )
    try:
        wait_for(f"{env['BASE_URL']}/healthz")
        yield env["BASE_URL"]
    finally:
        server.terminate()
        server.wait(timeout=15)


UNSET = {"DATABASE_URL", "REDIS_URL", "TEST_DATA_DIR", "CREDENTIAL_KEYS", "EMAIL_URL"}


def manage(env: dict[str, str], *arguments: str) -> None:
    """Run a management command; fail with what it printed."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def wait_for(address: str) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} gave no answer")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the Chromium that `make test` found."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    path = os.environ.get("CHROMIUM") or found
    assert path, "Chromium is not installed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def person(house: str, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that logs a demo person in and gives their page."""
    contexts: list[BrowserContext] = []

    def log_in(
        who: str, viewport: dict[str, int] | None = None, theme: str = "light"
    ) -> Page:
        context = chromium.new_context(
            base_url=house,
            viewport=viewport or WIDE,  # type: ignore[arg-type]
            color_scheme=theme,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.goto("/accounts/login/")
        page.get_by_label("E-mail").or_(page.get_by_label("Email")).first.fill(
            f"{who}@example.com"
        )
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{house}/")
        return page

    yield log_in
    for context in contexts:
        context.close()


def violations(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 AA, one line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async () => (await axe.run(document, {runOnly: {type: "tag", values:
        ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}
        )).violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 160))])"""
    )
    return [json.dumps(line) for line in found]
