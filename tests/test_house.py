"""The rules of the house, kept by reading the code."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import lucide

ROOT = Path(__file__).resolve().parent.parent
CODE = [
    path
    for folder in ("dashboard", "agents", "calls")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
NAMES = [str(path.relative_to(ROOT)) for path in CODE]


@cache
def text(name: str) -> str:
    """Return the text of a file of the project."""
    return (ROOT / name).read_text()


@cache
def nodes(name: str) -> list[ast.AST]:
    """Return all nodes of a module's syntax tree."""
    return list(ast.walk(ast.parse(text(name))))


def in_each(names: list[str]) -> Callable[[Callable[[str], None]], Callable[[], None]]:
    """Make one test of a check of each file, which names all that break the rule."""

    def make(check: Callable[[str], None]) -> Callable[[], None]:
        def test() -> None:
            broken = []
            for name in names:
                try:
                    check(name)
                except AssertionError as error:
                    broken.append(f"{name}: {error}")
            assert not broken, "\n".join(broken)

        return test

    return make


def imports(name: str) -> set[str]:
    """Return the dotted names a module imports, `from a import b` as `a.b` and `a`."""
    found: set[str] = set()
    for node in nodes(name):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def inside(modules: set[str], *packages: str) -> set[str]:
    """Return those of `modules` that are one of the packages, or in one."""
    return {
        module
        for module in modules
        if any(module == p or module.startswith(f"{p}.") for p in packages)
    }


def functions(name: str) -> Iterator[ast.FunctionDef]:
    """Yield every function of a module."""
    for node in nodes(name):
        if isinstance(node, ast.FunctionDef):
            yield node


@in_each(NAMES)
def test_imports_go_one_way(name: str) -> None:
    seen = imports(name)
    if name.startswith("agents/providers/"):
        assert not inside(seen, "calls", "dashboard", "agents.models", "django.db")
    elif name.startswith("agents/"):
        assert not inside(seen, "calls")
    if name == "dashboard/models.py":
        assert not inside(seen, "calls", "agents")


@in_each([n for n in NAMES if n.startswith("calls/")])
def test_inside_calls_imports_go_one_way(name: str) -> None:
    seen = imports(name)
    above = {"calls.views", "calls.api"}
    if name.startswith(("calls/views/", "calls/api/", "calls/urls/")):
        return
    if name.startswith("calls/models/"):
        above |= {"calls.lifecycle", "calls.policy", "calls.pacing", "calls.dispatch"}
    if name != "calls/tasks.py":
        above |= {"calls.tasks"}
    if name.startswith(
        ("calls/policy.py", "calls/lifecycle.py", "calls/pacing.py", "calls/gate/")
    ):
        above |= {"calls.dispatch", "calls.webhooks", "calls.reconcile"}
    assert not inside(seen, *above)


@in_each(NAMES)
def test_each_library_has_one_door(name: str) -> None:
    seen = imports(name)
    doors = {
        "phonenumbers": ("agents/phone.py",),
        "celery": ("calls/tasks.py", "dashboard/celery.py", "dashboard/embedded.py"),
    }
    for library, allowed in doors.items():
        assert not inside(seen, library) or name in allowed
    if inside(seen, "httpx"):
        assert name.startswith("agents/providers/") or name == "calls/hooks/outbox.py"


@in_each(NAMES)
def test_only_lifecycle_writes_the_status(name: str) -> None:
    if name in {"calls/lifecycle.py"}:
        return
    for node in nodes(name):
        if isinstance(node, ast.Assign):
            targets = [t for t in node.targets if isinstance(t, ast.Attribute)]
            names = {ast.unparse(target) for target in targets}
            assert "call.status" not in names
    assert not re.search(r"Call\.objects\.create\(|\.calls\.create\(", text(name))


@in_each(NAMES)
def test_only_dispatch_places_calls(name: str) -> None:
    if name != "calls/dispatch.py" and not name.startswith("agents/providers/"):
        assert ".place_call(" not in text(name)


@in_each(NAMES)
def test_only_policy_asks_the_checks(name: str) -> None:
    if name != "calls/policy.py" and not name.startswith("calls/gate/"):
        assert not inside(imports(name), "calls.gate")
        assert not re.search(r"\bRefusal\(", text(name)) or name == "calls/refusals.py"


@in_each(NAMES)
def test_only_settings_reads_the_environment(name: str) -> None:
    if name not in {"dashboard/settings.py"}:
        code = text(name).replace("os.environ.setdefault", "")
        assert "os.environ" not in code
        assert "getenv" not in code


@in_each([n for n in NAMES if re.search(r"/views|/api/", n) and "webhooks" not in n])
def test_views_start_from_the_workspace(name: str) -> None:
    models = r"(Call|Turn|Contact|Agent|PhoneNumber|Connection|Suppression)\.objects"
    assert not re.search(models, text(name))


@in_each(NAMES)
def test_no_imports_inside_functions(name: str) -> None:
    for function in functions(name):
        inner = [
            node
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert not inner


@in_each(NAMES)
def test_modules_say_what_they_are_and_stay_small(name: str) -> None:
    lines = text(name).splitlines()
    assert not lines or lines[0].startswith('"""')
    assert len(lines) <= 340


@in_each(NAMES)
def test_functions_stay_small(name: str) -> None:
    for function in functions(name):
        length = (function.end_lineno or 0) - function.lineno
        assert length <= 45, f"{function.name} has {length} lines"


def test_no_rooms_for_anything() -> None:
    forbidden = {"utils.py", "helpers.py", "services.py", "signals.py"}
    assert not [path for path in CODE if path.name in forbidden]


@in_each(NAMES)
def test_no_provider_is_named_outside_its_folder(name: str) -> None:
    if name.startswith("agents/providers/") or name.endswith("demo.py"):
        return
    assert not re.search(r"(slug|provider) == [\"']", text(name))


def test_templates_hold_no_inline_script_or_style() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        page = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), path
        assert not re.search(r"\sstyle=|\son[a-z]+=|hx-on", page), path


def test_every_public_function_of_the_heart_says_what_it_does() -> None:
    for name in NAMES:
        for function in functions(name):
            if not function.name.startswith("_") and function.col_offset == 0:
                assert ast.get_docstring(function), f"{name}: {function.name}"


ICON = re.compile(r"\{%\s*lucide\s+\"([a-z0-9-]+)\"")


def test_every_icon_exists() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        for name in ICON.findall(path.read_text()):
            assert lucide._load_icon(name) is not None, f"{path.name}: {name}"
