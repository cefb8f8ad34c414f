"""What can go wrong with a provider, by one question: may it have been acted on?"""

from typing import Any


class ProviderError(Exception):
    """Anything a provider did that we must tell a person about; `str()` is for them."""

    def __init__(
        self, message: str, *, status: int = 0, code: str = "", body: Any = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status  # HTTP status, 0 when there was no answer
        self.code = code  # one of our end reasons or policy codes, or empty
        self.body = body  # what was answered, decoded: for the adapter, never shown


class ProviderRefused(ProviderError):
    """It said no, for certain: nothing was placed and asking again will not help."""


class ProviderBusy(ProviderError):
    """It certainly placed nothing now, but may later. `retry_after` is in seconds."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, status: int = 429
    ) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class ProviderUnclear(ProviderError):
    """No usable answer: it may or may not have happened. Never dial again; ask."""


class WishRefused(ProviderError):
    """This provider cannot honour a part of the wish; nothing was sent."""
