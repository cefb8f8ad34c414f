"""One line a log record; values that look like keys are struck out."""

import logging
import re

SECRET = re.compile(
    r"(?i)(\b(?:bearer\s+|key_|sk[-_]|s3cr3t_)|(?:secret|password|token|api_key)"
    r"[\"']?\s*[=:]\s*[\"']?)[\w\-.~+/]{6,}=*"
)
# The last part of a webhook's address is as good as a key where nothing is signed.
ADDRESS = re.compile(r"(/webhooks/)[\w-]{6,}")


def strike_out(text: str) -> str:
    """Return `text` with whatever looks like a secret replaced by dots."""
    return ADDRESS.sub(r"\1•••", SECRET.sub(r"\1•••", text))


class Formatter(logging.Formatter):
    """Time, level, logger and message, with secrets struck out."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Format the record, tracebacks included, and strike out secrets."""
        return strike_out(super().format(record))
