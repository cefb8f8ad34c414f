"""`python -m bench [PART …]`: runs the parts, prints a table, writes var/bench.json."""

import argparse
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.arena import PYTHON, ROOT, Figures, Servers, base_env, migrate, quietly

PARTS = ("ingest", "burst", "click", "pace")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--option", action="append", default=[])
    arguments = parser.parse_args()
    options = dict(o.split("=") for o in arguments.option)
    options = {k: json.loads(v) for k, v in options.items()}
    with ExitStack() as stack:
        servers = Servers(stack)
        for part in arguments.parts or PARTS:
            print(part, json.dumps(run(part, servers, options), indent=1))


def run(part: str, servers: Servers, options: Figures) -> Figures:
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="sb-bench-"))
        )
        env = base_env(folder)
        env["DJANGO_SETTINGS_MODULE"] = os.environ.get(
            "DJANGO_SETTINGS_MODULE", "dashboard.settings"
        )
        env["DATABASE_URL"] = stack.enter_context(servers.database())
        env["REDIS_URL"] = stack.enter_context(servers.broker())
        migrate(env)
        try:
            return json.loads(
                quietly([PYTHON, "-m", "bench.inside", part, json.dumps(options)], env)
            )
        finally:
            log = folder / "log"
            if log.exists():
                print(log.read_text()[-3000:], file=sys.stderr)


main()
