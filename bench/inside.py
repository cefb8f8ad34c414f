"""Runs one part in a process of its own, with Django on the arena's settings."""

import importlib
import json
import sys
import tempfile
from pathlib import Path

import django

from bench.arena import Programs
import os


def main(part: str, options: str) -> None:
    """Run the part and print its figures as JSON."""
    django.setup()
    module = importlib.import_module(f"bench.{part}")
    with tempfile.TemporaryDirectory(prefix="sb-part-") as name:
        folder = Path(name)
        with Programs(dict(os.environ), Path(os.environ["DATA_DIR"]) / "log") as programs:
            figures = module.run(programs, folder, **json.loads(options))
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
