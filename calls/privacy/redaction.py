"""Masking what nobody but a few should read: cards, accounts and e-mail addresses.

Works on words as they were said or written, and changes nothing that is stored. What is
masked keeps its last digits, by which people recognise it: `•••• 4242`.
"""

import re
from collections.abc import Callable
from typing import Any

from agents import phone

MASK = "••••"
# Digits of a card, in groups or one by one; never a part of a longer word or an id.
CARD = re.compile(r"(?<![\w+.-])\d(?:[ \u00a0-]?\d){12,18}(?![\w-]|\.\d)")
FOURS = re.compile(r"(\d{4})([ \u00a0-])\d{4}\2\d{4}\2\d{4}")
# The first digits that cards have.
ISSUERS = "23456"
IBAN = re.compile(
    r"(?<![\w-])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![\w-])",
    re.IGNORECASE,
)
# "my account number is 1234 5678", `account_number`: the digits after such a word,
# with no other letter before or behind it.
EDGE, BEGIN = r"(?![^\W_])", r"(?<![^\W_])"
ACCOUNT = re.compile(
    rf"(?P<word>{BEGIN}(?:account|acct|a/c|iban|routing|sort[ _-]?code|"
    rf"konto(?:nummer|nr)?|compte|cuenta){EDGE}"
    r"(?:[ \"'_.:=#-]|(?:number|num|no|nr|is|ends?|ending|in|with|the|my|it|"
    rf"s|n[uú]mero|num[ée]ro|ist|lautet|est|es|and){EDGE}){{0,12}})"
    r"(?P<digits>\d(?:[ \u00a0-]?\d){4,18})(?![\w])",
    re.IGNORECASE,
)
EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@(?P<at>[a-z0-9](?:[a-z0-9-]{0,62}\.)+[a-z]{2,24})",
    re.IGNORECASE,
)
# "jamie dot doe at example dot com", as it is heard.
SAID_EMAIL = re.compile(
    r"\b\w+(?:\s(?:dot|point|underscore|dash|hyphen|plus)\s\w+){0,5}"
    r"\sat\s(?P<at>[\w-]+(?:\sdot\s[\w-]+){0,3}\sdot\s[a-z]{2,24})\b",
    re.IGNORECASE,
)
DIGITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
]
WORDS = {word: str(digit) for digit, word in enumerate(DIGITS)} | {"oh": "0", "o": "0"}
ONE = "|".join(WORDS)
TIMES = {"double": 2, "triple": 3}
SAID_DIGITS = re.compile(
    rf"\b(?:(?:double|triple)\s)?(?:{ONE})(?:[\s,.-]{{1,3}}(?:(?:double|triple)\s)?"
    rf"(?:{ONE})){{4,18}}\b",
    re.IGNORECASE,
)
SAID = re.compile(rf"(?:(double|triple)\s)?\b({ONE})\b", re.IGNORECASE)
# How much of a text is looked at in one go: one of a megabyte is no conversation.
LONGEST = 200_000


# --- Texts ---------------------------------------------------------------------------
def redact(text: str) -> str:
    """Return a text with card and account numbers and e-mail addresses masked.

    A card's number must have the right check digit or be written in fours; an IBAN its
    right check digits; another account number a word before it that says so. What is
    masked already stays as it is.
    """
    if len(text) > LONGEST:
        parts = range(0, len(text), LONGEST)
        return "".join(redact(text[at : at + LONGEST]) for at in parts)
    for pattern, mask in STEPS:
        text = pattern.sub(mask, text)
    return text


def redact_value(value: Any) -> Any:
    """Return JSON with its texts redacted, and whole numbers that are cards' too."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _named(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact_value(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
        return value if (masked := redact(text)) == text else masked
    return value


def _named(name: str, value: Any) -> Any:
    """Redact a value in the light of its name: `{"account_number": "12345678"}`."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        label, text = name.replace("_", " "), str(value)
        named = f"{label}: {text}"
        if ACCOUNT.fullmatch(named):
            return redact(named).removeprefix(f"{label}: ")
    return redact_value(value)


def _last(digits: str, count: int = 4) -> str:
    """Mask all but the last digits."""
    return f"{MASK} {re.sub(r'[^0-9A-Za-z]', '', digits)[-count:]}"


def _card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    in_fours = FOURS.fullmatch(found[0]) is not None
    if digits[0] in ISSUERS and (in_fours or luhn(digits)):
        return _last(digits)
    return found[0]


def _iban(found: re.Match[str]) -> str:
    plain = found[0].replace(" ", "").upper()
    return f"{plain[:2]}{_last(plain)}" if _is_iban(plain) else found[0]


def _account(found: re.Match[str]) -> str:
    # Of a short number, four digits would be most of it.
    digits = re.sub(r"\D", "", found["digits"])
    return f"{found['word']}{_last(digits, min(4, max(2, len(digits) // 4)))}"


def _email(found: re.Match[str]) -> str:
    return f"{MASK}@{found['at']}"


def _said_email(found: re.Match[str]) -> str:
    return f"{MASK} at {found['at']}"


def spelled(text: str) -> str:
    """Return the digits of what `SAID_DIGITS` finds: "four double one" is 411."""
    return "".join(
        WORDS[word.lower()] * TIMES.get(times.lower(), 1)
        for times, word in SAID.findall(text)
    )


def _said_digits(found: re.Match[str]) -> str:
    """Mask digits that were written out as words, where they are a card's."""
    digits = spelled(found[0])
    is_card = 13 <= len(digits) <= 19 and digits[0] in ISSUERS and luhn(digits)
    return _last(digits) if is_card else found[0]


Mask = Callable[[re.Match[str]], str]
# In this order: an e-mail address may hold digits, an IBAN may hold those of a card.
STEPS: tuple[tuple[re.Pattern[str], Mask], ...] = (
    (EMAIL, _email),
    (SAID_EMAIL, _said_email),
    (IBAN, _iban),
    (CARD, _card),
    (ACCOUNT, _account),
    (SAID_DIGITS, _said_digits),
)


# --- Check digits --------------------------------------------------------------------
def luhn(digits: str) -> bool:
    """Tell whether the last of these digits is the check digit of a card's number."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and len(set(digits)) > 1


def _is_iban(plain: str) -> bool:
    """Tell whether letters and digits are an IBAN, by its check digits."""
    if not plain.isascii() or not 15 <= len(plain) <= 34:
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


# --- People --------------------------------------------------------------------------
def mask_number(number: str) -> str:
    """Return a telephone number by its last four digits; of an extension, none."""
    digits = phone.digits(number)
    return f"{MASK} {digits[-4:]}" if len(digits) > 6 else MASK if number else ""


def mask_name(name: str) -> str:
    """Return a name by its initials: `J. D.`; what looks like a number, as one."""
    words = [word for word in name.split() if word[:1].isalpha()]
    if not words:
        return mask_number(name)
    return " ".join(f"{word[0].upper()}." for word in words[:3])
