"""Django's backend for PostgreSQL, where times are read by the driver itself.

A list reads some hundred times. Django puts its time zone into each of them in Python,
which takes ten times as long as the driver's compiled code takes to read one. All of
our connections speak UTC, and so does the driver.
"""

from datetime import UTC
from functools import cache
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import get_adapters_template
from psycopg.adapt import AdaptersMap
from psycopg.types.datetime import TimestamptzLoader


@cache
def adapters() -> AdaptersMap:
    """Return how Django reads and writes values, but for times."""
    told = AdaptersMap(get_adapters_template(settings.USE_TZ, UTC))
    # The driver takes its compiled one for this.
    told.register_loader("timestamptz", TimestamptzLoader)
    return told


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose times are in UTC."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return what the driver needs, with our way to read times."""
        return {**super().get_connection_params(), "context": adapters()}

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor as Django's would be: it has no time zone to put right."""
        if not name:
            return self.connection.cursor()
        hold = self.connection.autocommit
        return self.connection.cursor(name, scrollable=False, withhold=hold)
