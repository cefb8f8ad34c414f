"""Runs one part in a process of its own, with Django on the arena's settings."""

import importlib
import json
import os
import sys
from pathlib import Path

import django

from bench.arena import Programs


def main(part: str, options: str) -> None:
    """Run the part and print its figures as JSON."""
    django.setup()
    module = importlib.import_module(f"bench.{part}")
    folder = Path(os.environ["DATA_DIR"])
    with Programs(dict(os.environ), folder / "log") as programs:
        figures = module.run(programs, folder, **json.loads(options))
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
