"""Trying an account, one look after the other."""

from collections.abc import Callable, Collection, Iterable

from agents.providers.base import Check, ProviderError

Look = tuple[str, Callable[[], str]]


def tried(
    looks: Iterable[Look],
    mend: Callable[[str, ProviderError], str],
    *,
    vital: Collection[str],
    after: Iterable[Check] = (),
) -> list[Check]:
    """Return what each look found, or how to mend it, and then `after`.

    Where a vital one fails, nothing behind it can work: it is the last.
    """
    found: list[Check] = []
    for name, look in looks:
        try:
            found.append(Check(name, True, look()))
        except ProviderError as error:
            found.append(Check(name, False, mend(name, error)))
            if name in vital:
                return found
    return [*found, *after]
