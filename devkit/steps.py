"""Steps of the set-up: said in words, stamped, and left out while nothing changed."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = str(BIN / "python")
MANAGE = [PYTHON, "manage.py"]


def say(words: str) -> None:
    """Tell the person what is going on, one line a step."""
    # In one piece: two steps may speak at the same time.
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def give_up(words: str) -> NoReturn:
    """End with a sentence that says what to do."""
    sys.exit(f"\n{words}")


def quietly(
    command: list[str], env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> str:
    """Run a command and return what it printed; show everything only if it fails."""
    done = subprocess.run(
        command,
        check=False,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    if done.returncode:
        give_up(f"{done.stdout}{done.stderr}\nThis failed: {shlex.join(command)}")
    return done.stdout


def fingerprint(inputs: Iterable[Path | str]) -> str:
    """Return one hash of texts, files and whole folders (names and contents)."""
    digest = hashlib.sha256()
    for part in inputs:
        digest.update(f"{part}\0".encode())
        for path in files(part) if isinstance(part, Path) else []:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path}\0{content}\0".encode())
    return digest.hexdigest()


def files(path: Path) -> list[Path]:
    """Return the file, or all files below the folder, in a fixed order."""
    if path.is_file():
        return [path]
    below = (found for found in path.rglob("*") if found.is_file())
    return sorted(found for found in below if "__pycache__" not in found.parts)


def is_fresh(stamp: Path, inputs: Iterable[Path | str]) -> bool:
    """Tell whether the step was done with exactly these inputs."""
    return stamp.is_file() and stamp.read_text() == fingerprint(inputs)


def step(
    words: str, stamp: Path, inputs: list[Path | str], work: Callable[[], object]
) -> None:
    """Do the work and stamp it, unless it was done with the same inputs."""
    if is_fresh(stamp, inputs):
        return
    say(words)
    stamp.unlink(missing_ok=True)
    work()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(fingerprint(inputs))
