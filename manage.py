#!/usr/bin/env python
"""Switchboard's command line."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line


def follow_last_run() -> None:
    """Take the port that the last `make run` served on, unless one is set."""
    port = Path(__file__).resolve().parent / ".venv" / "port"
    if port.is_file():
        os.environ.setdefault("PORT", port.read_text().strip())


if __name__ == "__main__":
    follow_last_run()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    execute_from_command_line(sys.argv)
