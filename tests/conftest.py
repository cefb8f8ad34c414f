"""The world the tests live in."""

import gc
import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.contrib.auth import management
from django.db import connection, transaction
from django.db.models.signals import post_migrate
from django.test import Client
from hypothesis import settings
from pytest_django import DjangoDbBlocker

from dashboard.models import Member, Role, Workspace
from tests.factories import make_browser, make_member, make_workspace

# How long an example takes says something of the machine only. Each round tries others:
# the quick one few, the one on servers the many.
EXAMPLES = {"sqlite": 25, "postgresql": 75}
settings.register_profile(
    "untimed", deadline=None, max_examples=EXAMPLES[connection.vendor]
)
settings.load_profile("untimed")

# Roles are ours. Django's permissions would be made anew after each emptying of tables.
post_migrate.disconnect(dispatch_uid=f"{management.__name__}.create_permissions")

LONG_ID = 200


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file, and those of programs, in one process each.

    What they share is made once.
    """
    for item in items:
        group = item.path.stem
        if "house" in getattr(item, "fixturenames", ()):
            group = "programs"
            item.add_marker(pytest.mark.programs)
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a test of a long text by its beginning, not by megabytes."""
    if isinstance(val, str | bytes) and len(val) > LONG_ID:
        return f"{val[:40]!r}... of {len(val)}"
    return None


def pytest_collection_finish() -> None:
    """Keep the garbage collector from thousands of tests that stay to the end.

    It need not look every 700 objects either: that took an eighth of a round.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Look for what was never closed once: pytest would five times, through all tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def lasting_db(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[DjangoDbBlocker]:
    """Let fixtures write rows, inside `unblock()`, that all tests of a file find.

    What a test does to them is undone after it. Not for `transaction=True`, which
    empties every table.
    """
    atomic = transaction.atomic()
    with django_db_blocker.unblock():
        atomic.__enter__()
    yield django_db_blocker
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        atomic.__exit__(None, None, None)


@pytest.fixture
def workspace() -> Workspace:
    """Return a workspace to be in."""
    return make_workspace(name="Acme", slug="acme")


@pytest.fixture
def admin(workspace: Workspace) -> Member:
    """Return the admin of the workspace."""
    return make_member(workspace, Role.ADMIN)


@pytest.fixture
def manager(workspace: Workspace) -> Member:
    """Return a sales manager of the workspace."""
    return make_member(workspace, Role.MANAGER)


@pytest.fixture
def reviewer(workspace: Workspace) -> Member:
    """Return a reviewer of the workspace."""
    return make_member(workspace, Role.REVIEWER)


@pytest.fixture
def client_of() -> Callable[[Member], Client]:
    """Return a function that logs a member in."""

    def log_in(member: Member) -> Client:
        return make_browser(member.user)

    return log_in


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """Return a file of what is logged meanwhile, with tracebacks.

    pytest's own plug-in for it is left out: it took a twentieth of a round, and what is
    logged is shown with a test that fails anyhow.
    """
    written = StringIO()
    handler = logging.StreamHandler(written)
    loggers = [logging.getLogger(), logging.getLogger("django")]
    for logger in loggers:
        logger.addHandler(handler)
    yield written
    for logger in loggers:
        logger.removeHandler(handler)
