"""Writes the lock files anew; they hold no address of any server."""

from __future__ import annotations

from devkit.install import REQUIREMENTS, find_uv, npm
from devkit.steps import quietly, say

OPTIONS = ["--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"]


def lock(arguments: list[str]) -> None:
    """Resolve the .in files and package.json; `--upgrade` takes newer versions."""
    # uv would write the command with this machine's paths into the files.
    env = {"UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    also = ["-c", "run.txt"]
    for name, constraint in (("run", []), ("s3", also), ("test", also)):
        say(f"Locking requirements/{name}.in")
        files = [f"{name}.in", "-o", f"{name}.txt", *constraint]
        command = [find_uv(), "pip", "compile", *OPTIONS, *files, *arguments]
        quietly(command, env, REQUIREMENTS)
    say("Locking package.json")
    npm("update" if "--upgrade" in arguments else "install", "--package-lock-only")
