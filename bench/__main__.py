"""Measures Switchboard on this machine: a table, and the same as JSON."""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import report
from bench.arena import PYTHON, ROOT, Figures, Servers, base_env, migrate, quietly

RESULTS = ROOT / "var" / "bench.json"


@dataclass(frozen=True)
class Round:
    """One part, on the production servers or embedded in one process on SQLite."""

    part: str
    is_embedded: bool = False
    # So many calls there are in the database, which is kept for the next time.
    calls: int = 0

    @property
    def name(self) -> str:
        """What the round's figures are kept under."""
        if self.calls:
            return f"{self.part} {self.calls}"
        return f"{self.part} embedded" if self.is_embedded else self.part

    def options(self, wanted: argparse.Namespace) -> Figures:
        """Return what the part is told."""
        if self.part == "pace":
            return {"full": wanted.full}
        return {"size": self.calls} if self.calls else {}


ROUNDS = (
    Round("ingest"),
    Round("burst"),
    Round("click", is_embedded=True),
    Round("click"),
    Round("pace"),
    *(Round("history", calls=calls) for calls in (10_000, 100_000, 1_000_000)),
    Round("exporting", calls=1_000_000),
    Round("launch"),
)
PARTS = tuple(dict.fromkeys(one.part for one in ROUNDS))


def main() -> None:
    """Run the parts that were asked for; end with 1 when one could not be measured."""
    wanted = arguments()
    figures: Figures = {}
    with ExitStack() as stack:
        servers = Servers(stack)
        for one in ROUNDS:
            if not wanted.parts or {one.part, one.name} & set(wanted.parts):
                tell(f"Measuring {one.name} …")
                figures[one.name] = measure(one, servers, one.options(wanted))
        result = {"machine": report.machine(servers), "figures": figures}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2) if wanted.json else report.table(result))
    sys.exit(any("error" in part for part in figures.values()))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parts = f"of {', '.join(PARTS)}; all of them where none is named"
    parser.add_argument("parts", nargs="*", metavar="PART", help=parts)
    parser.add_argument("--json", action="store_true", help="print nothing but JSON")
    full = "queue 200 calls at 1 CPS as well, which takes 200 s"
    parser.add_argument("--full", action="store_true", help=full)
    wanted = parser.parse_args()
    unknown = set(wanted.parts) - set(PARTS) - {one.name for one in ROUNDS}
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return wanted


def measure(one: Round, servers: Servers, options: Figures) -> Figures:
    """Run a part in a process of its own, on ground of its own."""
    with ExitStack() as stack:
        folder = tempfile.TemporaryDirectory(prefix="sb-part-")
        env = base_env(Path(stack.enter_context(folder)))
        if not one.is_embedded:
            kept = f"history {one.calls}"
            ground = servers.kept(kept) if one.calls else servers.database()
            env["DATABASE_URL"] = stack.enter_context(ground)
            env["REDIS_URL"] = stack.enter_context(servers.broker())
        command = [PYTHON, "-m", "bench.inside", one.part, json.dumps(options)]
        try:
            migrate(env)
            figures: Figures = json.loads(quietly(command, env))
        except RuntimeError as problem:
            tell(str(problem))
            return {"error": str(problem).strip().splitlines()[-1]}
        return figures


def tell(words: str) -> None:
    """Say where we are, beside the result on standard output."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
