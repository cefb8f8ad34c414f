"""Finding the stages of this folder, so that a new one needs no line elsewhere."""

import re
from importlib import import_module
from pathlib import Path

from agents.providers.registry import DIALECTS
from tests.agents.providers.contract.stage import Stage

HERE = Path(__file__).parent
HAS_ONE = re.compile(r"^STAGE = Stage\(", re.MULTILINE)
SLUGS = sorted(p.stem for p in HERE.glob("*.py") if HAS_ONE.search(p.read_text()))
# Every provider with two sides is to have one.
MISSING = set(DIALECTS) - set(SLUGS)


def stage_of(slug: str) -> Stage:
    """Return the stage of a provider."""
    found = import_module(f"{__package__}.{slug}").STAGE
    assert isinstance(found, Stage)
    return found
