"""Phone numbers: reading what people type, and saying what was understood.

The only module that imports phonenumbers.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult
from phonenumbers import timezone as phone_timezone

UNKNOWN_ZONE = "Etc/Unknown"
# How many digits E.164 allows, the country's included.
LONGEST = 15
# What hides digits, or asks the network for something: read without it, another phone
# would ring.
MASKED = frozenset("*#")
# Seven digits for calls within a town, which are no whole number.
IN_TOWN = r"|3\d{6}"
# Fewer digits are an extension, which rings nobody outside.
SHORTEST = 7


@dataclass(frozen=True, slots=True)
class Phone:
    """What was understood of a number: `country` is ISO alpha-2 or empty."""

    e164: str
    country: str
    zones: tuple[str, ...]
    pretty: str

    @property
    def place(self) -> str:
        """The town, the region or the country that it belongs to; empty: unknown."""
        number = phonenumbers.parse(self.e164)
        return str(_geocoder().description_for_number(number, "en"))

    def local_times(self, now: datetime) -> list[datetime]:
        """Return `now` in each distinct zone the number may be in, earliest first."""
        times = (now.astimezone(ZoneInfo(zone)) for zone in self.zones)
        by_clock = {local.replace(tzinfo=None): local for local in times}
        return [by_clock[clock] for clock in sorted(by_clock)]


@cache
def _geocoder() -> Any:
    """Load the names of places when they are first asked for: they take 100 MB."""
    return import_module("phonenumbers.geocoder")


def parse(text: str, country: str = "US") -> Phone | None:
    """Read a number in any usual format; None when it is none.

    `country` (ISO alpha-2) is assumed where no country code was written. Numbers
    that are possible but not assigned (such as +1 415 555 01xx) are accepted: only
    the provider knows which numbers ring. A number that needs an area code is none.
    """
    number = _read(text, country)
    if number is None:
        return None
    zones = phone_timezone.time_zones_for_number(number)
    return Phone(
        e164=phonenumbers.format_number(number, PhoneNumberFormat.E164),
        country=phonenumbers.region_code_for_number(number) or _country_of(number),
        zones=tuple(zone for zone in zones if zone != UNKNOWN_ZONE),
        pretty=_spaced(number),
    )


def e164(text: str, country: str = "US") -> str:
    """Read a number as `parse` does, but say only its E.164; empty: it is none.

    Quicker than `parse`, for files of many numbers.
    """
    number = _read(text, country)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else ""


def dialled(text: str, country: str = "US") -> set[str]:
    """Return the numbers, as E.164, that a text which is none may ring after all.

    Before one may stand what a telephone system takes for itself (9, 00, *31#), and it
    may be the name in a SIP address. Empty for an extension.
    """
    run = digits(text.partition("@")[0])
    ends = [run[start:] for start in range(len(run) - SHORTEST + 1)]
    read = {e164(end, country) for end in ends} | {e164(f"+{end}") for end in ends}
    return read - {""}


def _read(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    if MASKED & set(text):
        return None
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE or number.extension:
        return None
    own = phonenumbers.national_significant_number(number)
    return number if len(f"{number.country_code}{own}") <= LONGEST else None


def _spaced(number: phonenumbers.PhoneNumber) -> str:
    written = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return written.replace("-", " ")


def _country_of(number: phonenumbers.PhoneNumber) -> str:
    """Return the country of the calling code, where it belongs to one mainly."""
    return phonenumbers.region_code_for_country_code(number.country_code or 0)


def pretty(e164: str) -> str:
    """Write an E.164 number for reading; anything else comes back unchanged."""
    number = _read(e164, "US") if e164.startswith("+") else None
    return _spaced(number) if number else e164


def is_e164(text: str) -> bool:
    """Tell whether `text` is a possible number written as E.164, exactly."""
    phone = parse(text) if text.startswith("+") else None
    return phone is not None and phone.e164 == text


@cache
def pattern() -> str:
    """Return a regular expression of the numbers that can be, written as E.164.

    Each calling code is followed by what its country's numbering plan allows; a number
    has at most 15 digits besides. What fits is read by `parse`.
    """
    plans = "|".join(
        f"{code}(?:{_plan(code, regions[0])})"
        for code, regions in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items())
    )
    return rf"^(?!.{{{LONGEST + 2}}})\+(?:{plans})$".replace(r"\d", "[0-9]")


def _plan(code: int, region: str) -> str:
    """Return which digits may follow a calling code."""
    of_region = phonenumbers.PhoneMetadata.metadata_for_region(region)
    known = of_region or phonenumbers.PhoneMetadata.metadata_for_nongeo_region(code)
    plan = known.general_desc if known else None
    return str(plan.national_number_pattern).removesuffix(IN_TOWN) if plan else ""


def digits(text: str) -> str:
    """Return only the digits of `text`, as 0 to 9, for search."""
    return phonenumbers.normalize_digits_only(text)


def spellings(text: str, country: str = "US") -> set[str]:
    """Return the runs of digits to look for when `text` is (a part of) a number.

    Empty for any other text. E.164 has no national zero and no 00 in front, so
    0171 234 and 0044 20 are looked for without them.
    """
    typed = text.strip()
    if not re.fullmatch(r"[+\d\s()./\u2010-\u2015-]+", typed) or len(digits(typed)) < 2:
        return set()
    phone = parse(typed, country)
    found = {digits(phone.e164)} if phone else set()
    return found | {digits(typed).lstrip("0") or digits(typed)}


def read_country(text: str) -> str:
    """Return the ISO code for a code or an English name; empty when it is none."""
    typed = text.strip()
    if typed.upper() in phonenumbers.SUPPORTED_REGIONS:
        return typed.upper()
    return country_codes().get(typed.casefold(), "")


@cache
def country_codes() -> dict[str, str]:
    """Return every country's ISO code by its English name in lower case."""
    return {country_name(code).casefold(): code for code in regions()}


def regions() -> list[str]:
    """Return the ISO codes of all countries that have numbers."""
    return sorted(phonenumbers.SUPPORTED_REGIONS)


def example(code: str) -> Phone | None:
    """Return a number as those of a country are; None where there is no such country.

    Nobody is to call it: it only shows what such numbers look like.
    """
    number = phonenumbers.example_number(code)
    return (
        parse(phonenumbers.format_number(number, PhoneNumberFormat.E164))
        if number
        else None
    )


def zone(name: str) -> ZoneInfo | None:
    """Return the time zone of that name; None where there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def country_name(code: str) -> str:
    """Return the country's English name, or the code where there is none."""
    return str(_geocoder().country_name_for_number(_example(code), "en")) or code


def _example(code: str) -> phonenumbers.PhoneNumber:
    """Return any number of a country, to ask the geocoder for the country's name."""
    return phonenumbers.example_number(code) or phonenumbers.PhoneNumber()
