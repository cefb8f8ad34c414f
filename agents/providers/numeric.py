"""Whole numbers for our ids, where a dialect has numbers and we have UUIDs.

A UUID of version 7 begins with its time in ms. The number holds that time and some of
the random bits behind it, and fits into the 53 bits that every JSON reader knows. It is
found again by the range of ids of that ms.
"""

from uuid import UUID

# 2024-01-01 in ms; with 41 bits of ms the numbers last until 2093.
BEGIN_MS = 1_704_067_200_000
LOW_BITS = 12
LOW = (1 << LOW_BITS) - 1
LARGEST = (1 << 53) - 1


def number_of(id: str) -> int:
    """Return the number that stands for one of our ids."""
    whole = UUID(id).int
    return max((whole >> 80) - BEGIN_MS, 0) << LOW_BITS | (whole & LOW)


def ids_of(number: int) -> tuple[UUID, UUID]:
    """Return the first and the last id that could have this number."""
    ms = (min(max(number, 0), LARGEST) >> LOW_BITS) + BEGIN_MS
    return UUID(int=ms << 80), UUID(int=(ms << 80) | ((1 << 80) - 1))
