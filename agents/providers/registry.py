"""The providers Switchboard knows: one line each."""

from agents.providers.base import Provider
from agents.providers.retell.client import Retell
from agents.providers.simulator.client import Simulator

PROVIDERS: dict[str, type[Provider]] = {
    provider.slug: provider for provider in (Retell, Simulator)
}
