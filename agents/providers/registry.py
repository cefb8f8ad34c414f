"""The providers Switchboard knows: one line each.

A line holds the client we call the provider with and the server we answer as it with.
"""

from agents.providers.base import Provider
from agents.providers.dialects import Server
from agents.providers.retell import server as retell
from agents.providers.retell.client import Retell
from agents.providers.simulator.client import Simulator

KNOWN: tuple[tuple[type[Provider], Server | None], ...] = (
    (Retell, retell),
    (Simulator, None),
)
PROVIDERS: dict[str, type[Provider]] = {client.slug: client for client, _ in KNOWN}
DIALECTS: dict[str, Server] = {c.slug: server for c, server in KNOWN if server}
