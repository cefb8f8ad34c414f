"""The provider of each stage, for every test of the contract."""

import pytest

from agents.providers.base import Account, Provider
from tests.agents.providers.contract.stage import Stage
from tests.agents.providers.contract.stages import SLUGS, stage_of


@pytest.fixture(params=SLUGS)
def stage(request: pytest.FixtureRequest) -> Stage:
    """Return the stage of each provider."""
    return stage_of(request.param)


@pytest.fixture
def provider(stage: Stage) -> Provider:
    """Return the adapter of a made-up account."""
    return stage.client(Account(stage.base_url, stage.credentials))
