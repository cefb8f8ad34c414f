"""The set-up: locks name no server, steps are stamped, a person's files are kept."""

import re
import socket
import stat
import threading
from pathlib import Path

import pytest

from dashboard import embedded
from devkit import data, install, lock, serve, servers, steps, test

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["package.json", "package-lock.json", ".npmrc", "pyproject.toml"]
LOCKS += [f"tests/calls/node/{name}" for name in ("package-lock.json", ".npmrc")]
LOCKS += [
    f"requirements/{name}" for name in ("run.in", "run.txt", "test.in", "test.txt")
]
ALLOWED = (
    "https://pypi.org/",
    "https://registry.npmjs.org/",
    # Where npm packages ask for donations.
    "https://github.com/sponsors/",
    "https://opencollective.com/",
)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_server_but_the_public_registries(name: str) -> None:
    urls = re.findall(r"[a-z+]+://\S+", (ROOT / name).read_text())
    assert [url for url in urls if not url.startswith(ALLOWED)] == []


@pytest.mark.parametrize("name", ["run", "test"])
def test_every_locked_package_has_a_hash(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    pins = re.findall(r"^[a-z][\w.\-\[\],]*==.*$", text, re.MULTILINE)
    assert pins and all(line.endswith("\\") for line in pins)


def test_the_tests_use_the_versions_that_run() -> None:
    pins = [
        set(re.findall(r"^\S+==\S+", (ROOT / path).read_text(), re.MULTILINE))
        for path in ("requirements/run.txt", "requirements/test.txt")
    ]
    assert pins[0] <= pins[1]


def test_the_example_explains_every_setting() -> None:
    source = (ROOT / "dashboard" / "settings.py").read_text()
    read = set(re.findall(r"env\.?\w*\(\s*\"([A-Z_]+)\"", source))
    told = set(
        re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    )
    assert read == told


def test_a_step_is_done_once(tmp_path: Path) -> None:
    done: list[int] = []
    for _ in range(2):
        steps.step("Doing it", tmp_path / "stamp", ["same"], lambda: done.append(1))
    assert done == [1]


def test_a_step_is_done_again_when_a_file_changes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    done: list[int] = []
    for text in ("old", "new"):
        source.write_text(text)
        steps.step("Doing it", tmp_path / "stamp", [source], lambda: done.append(1))
    assert done == [1, 1]


def test_a_step_that_broke_is_done_again(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        steps.step("Doing it", tmp_path / "stamp", ["same"], lambda: 1 / 0)
    assert not steps.is_fresh(tmp_path / "stamp", ["same"])


def test_a_new_file_in_a_folder_changes_its_fingerprint(tmp_path: Path) -> None:
    before = steps.fingerprint([tmp_path])
    (tmp_path / "new").touch()
    assert steps.fingerprint([tmp_path]) != before


def test_a_new_env_file_has_a_key_and_is_for_its_owner_only(tmp_path: Path) -> None:
    data.write_env_file(tmp_path / ".env")
    written = data.read_env_file(tmp_path / ".env")
    assert written["DEBUG"] == "on" and len(written["SECRET_KEY"]) > 50
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_an_env_file_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SECRET_KEY=mine\n")
    data.write_env_file(tmp_path / ".env")
    assert (tmp_path / ".env").read_text() == "SECRET_KEY=mine\n"


def test_env_files_are_read_as_people_write_them(tmp_path: Path) -> None:
    lines = "# note\n\nexport PORT=8001\nBASE_URL = 'http://x'\n#DEBUG=on\nEMPTY=\n"
    (tmp_path / ".env").write_text(lines)
    expected = {"PORT": "8001", "BASE_URL": "http://x", "EMPTY": ""}
    assert data.read_env_file(tmp_path / ".env") == expected


@pytest.mark.parametrize("kind", ["run", "test"])
def test_the_tests_packages_are_enough_for_both(tmp_path: Path, kind: str) -> None:
    (tmp_path / "test.txt").write_text("pytest==9")
    (tmp_path / "test").write_text(steps.fingerprint([tmp_path / "test.txt"]))
    assert install.is_installed(kind, tmp_path, tmp_path)


def test_the_running_packages_are_not_enough_for_tests(tmp_path: Path) -> None:
    (tmp_path / "run.txt").write_text("django==5")
    (tmp_path / "run").write_text(steps.fingerprint([tmp_path / "run.txt"]))
    assert not install.is_installed("test", tmp_path, tmp_path)


def test_a_taken_port_is_said_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"PORT={port + 1} make run"):
            serve.refuse_taken_port(port)


def test_one_program_does_everything_without_a_broker() -> None:
    assert list(serve.commands({}, 8000)) == ["web"]


def test_a_broker_means_a_program_for_each_part() -> None:
    programs = serve.commands({"REDIS_URL": "redis://127.0.0.1"}, 8000)
    assert list(programs) == ["web", "worker", "beat"]


def test_a_command_that_fails_shows_what_it_printed() -> None:
    with pytest.raises(SystemExit, match="the reason"):
        steps.quietly(["sh", "-c", "echo the reason; exit 3"])


def test_a_failed_round_fails_the_run() -> None:
    with pytest.raises(SystemExit):
        test.report(["SQLite passed: 2 passed", "Chromium FAILED: 1 failed"], [])


@pytest.mark.parametrize(("ci", "fails"), [("true", True), ("", False)])
def test_a_round_that_was_left_out_fails_only_in_ci(
    ci: str, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    if not fails:
        test.report(["SQLite passed: 2 passed"], ["the round in Chromium"])
        return
    with pytest.raises(SystemExit):
        test.report(["SQLite passed: 2 passed"], ["the round in Chromium"])


def test_a_port_that_nobody_listens_on_does_not_answer() -> None:
    assert not servers.answers(servers.free_port())


def test_locks_are_made_without_addresses() -> None:
    assert not any("index" in option for option in lock.OPTIONS)


def test_background_work_that_breaks_starts_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopping, runs = threading.Event(), list[int]()

    def run() -> None:
        runs.append(1)
        if len(runs) == 3:
            stopping.set()
        raise RuntimeError

    monkeypatch.setattr(embedded, "stopping", stopping)
    monkeypatch.setattr(embedded, "PAUSE_AFTER_DEATH", 0)
    embedded.keep("worker", run)
    assert len(runs) == 3
