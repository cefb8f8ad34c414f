#!/usr/bin/env python3
"""Sets Switchboard up and runs it: `python3 dev.py run | test | check | bench | lock`.

Needs nothing but Python 3.11 with pip. Each step is left out while nothing changed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from devkit import check, data, install, lock, serve, test
from devkit.steps import ROOT, VENV, give_up


def run(arguments: list[str]) -> None:
    """Set everything up and serve on http://127.0.0.1:${PORT:-8000}."""
    if arguments:
        give_up("`run` takes no arguments; settings come from .env.")
    settings = {**data.read_env_file(ROOT / ".env"), **os.environ}
    port = int(settings.get("PORT") or 8000)
    settings["PORT"] = str(port)
    serve.refuse_taken_port(port)
    install.install("run")
    data.write_env_file(ROOT / ".env")
    logins = data.prepare_data(settings)
    # `manage.py` takes the port from here, so that it tells the right addresses.
    (VENV / "port").write_text(str(port))
    serve.serve(settings, port, logins)


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "run": run,
    "test": test.test,
    "check": check.check,
    "bench": test.bench,
    "lock": lock.lock,
}


def main() -> None:
    """Do what the first argument names."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python may start this
        give_up(f"Switchboard needs Python 3.11 or newer; this is {sys.version}.")
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        give_up(f"{__doc__}\nSay one of: {', '.join(COMMANDS)}")
    COMMANDS[name](sys.argv[2:])


if __name__ == "__main__":
    main()
