"""The signature of Klen AI's webhooks, as far as it can be known.

The page that tells it is unseen (sheet, section 7.4). Taken to be the HMAC-SHA256 of the
raw body; how it is written is a setting.
"""

import base64
import hmac

HEX, BASE64 = "hex", "base64"
ENCODINGS = (HEX, BASE64)
PREFIX = "sha256="


def sign(body: bytes, secret: str, encoding: str = HEX) -> str:
    """Return the signature of a body."""
    digest = hmac.digest(secret.encode(), body, "sha256")
    return base64.b64encode(digest).decode() if encoding == BASE64 else digest.hex()


def fits(body: bytes, secret: str, signature: str, encoding: str) -> bool:
    """Tell in constant time whether the body is theirs; `sha256=` may stand before it."""
    sent = signature.strip().removeprefix(PREFIX)
    theirs = sent if encoding == BASE64 else sent.lower()
    wanted = sign(body, secret, encoding)
    return hmac.compare_digest(wanted.encode(), theirs.encode("utf-8", "replace"))
