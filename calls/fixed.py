"""A word that stands in a statement as it is, instead of beside it as a value.

PostgreSQL plans a statement that comes often once for all values. It then takes a
partial index only where the statement itself says that its condition holds.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, Value


class Fixed(Value):
    """One of our own words (a status), or none; never anything from outside."""

    def __init__(self, word: str) -> None:
        super().__init__(str(word), output_field=CharField())
        if self.value and not self.value.isidentifier():
            raise ValueError(f"{word} is no word of ours.")

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[()]]:
        """Write the word between quotes."""
        return f"'{self.value}'", ()


def fixed(words: Iterable[str]) -> list[Fixed]:
    """Return words of ours for a filter such as `status__in`."""
    return [Fixed(word) for word in words]
