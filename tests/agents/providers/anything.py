"""Any JSON, for tests of readers that never raise, drawn from one random seed.

Hypothesis gives the seed, and names it where a test fails. To have it draw each piece
of the JSON takes ten times as long as to read it.
"""

import struct
from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any

from hypothesis import strategies as st

randoms = st.builds(Random, st.integers(0, 2**32))

# Values that have broken a reader of JSON somewhere.
ODD: list[Any] = [
    *(None, True, False, 0, -1, 0.5, 10**11, 1e300, 2**63, 10**400, float("nan")),
    *(float("inf"), "", " ", "0", "-1", "12.5", "NaN", "Infinity", "1e9999", "²"),
    *("\x00", "a\x00b", "\ud800", "x" * 5000, "☃", "+", "Agent:", "agent: \n user:"),
    *("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01", "20260101"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "2026-W01"),
    *({}, [], [[]], [{}], [None], {"": ""}, {"\x00": "\x00"}, {"message": []}),
]
SIGNS = " \n\t\"'\\/+-.,:;@#%&<>{}[]()0123456789abcXYZäß€☃\x00\x7f\u2028"
LAST = 0x10FFFF


def any_json(random: Random, names: Sequence[str] = (), deep: int = 3) -> Any:
    """Return any JSON; its objects have keys of `names`, or any."""
    kind = random.randrange(8)
    if deep and kind < 2:
        size = random.randrange(5)
        inner = [any_json(random, names, deep - 1) for _ in range(size)]
        if kind == 0:
            return inner
        return {_key(random, names): value for value in inner}
    if kind == 2:
        return _number(random)
    return _text(random, 20) if kind == 3 else deepcopy(random.choice(ODD))


def some_of(random: Random, names: Sequence[str]) -> dict[str, Any]:
    """Return an object that has anything under some of the names."""
    size = min(len(names), random.choice((0, 1, 1, 2, 3, 6)))
    return {name: any_json(random) for name in random.sample(names, size)}


def _key(random: Random, names: Sequence[str]) -> str:
    return random.choice(names) if names else _text(random, 8)


def _number(random: Random) -> float:
    if random.random() < 0.5:
        most = 2 ** random.choice((4, 10, 31, 63, 100))
        return random.randint(-most, most)
    value: float = struct.unpack("d", random.randbytes(8))[0]
    return random.choice((value, random.uniform(-1e6, 1e6)))


def _text(random: Random, most: int) -> str:
    size = random.randrange(most + 1)
    if random.random() < 0.5:
        return "".join(random.choices(SIGNS, k=size))
    return "".join(chr(random.randint(0, LAST)) for _ in range(size))
