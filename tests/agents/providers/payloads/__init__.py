"""Payloads as providers send them, by provider and condition."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def payload(name: str) -> Any:
    """Return the decoded JSON of `<provider>/<condition>`."""
    return json.loads((HERE / f"{name}.json").read_text())
