"""The providers Switchboard knows: one line each.

A line holds the client we call the provider with and the server we answer as it with.
"""

from agents.providers.base import Provider
from agents.providers.dialects import Server
from agents.providers.itellico import server as itellico
from agents.providers.itellico.client import Itellico
from agents.providers.klen import server as klen
from agents.providers.klen.client import Klen
from agents.providers.retell import server as retell
from agents.providers.retell.client import Retell
from agents.providers.simulator.client import Simulator
from agents.providers.uponai import server as uponai
from agents.providers.uponai.client import UponAI
from agents.providers.zudu import server as zudu
from agents.providers.zudu.client import Zudu

KNOWN: tuple[tuple[type[Provider], Server | None], ...] = (
    (Retell, retell),
    (Itellico, itellico),
    (Klen, klen),
    (UponAI, uponai),
    (Zudu, zudu),
    (Simulator, None),
)
PROVIDERS: dict[str, type[Provider]] = {client.slug: client for client, _ in KNOWN}
DIALECTS: dict[str, Server] = {c.slug: server for c, server in KNOWN if server}
