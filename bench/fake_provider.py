"""A stand-in for Retell that only notes, at the socket, when each call was asked for.

A process of its own, and so plain that it is never what a benchmark waits for: one
asyncio protocol, keep-alive, no framework. `python -m bench.fake_provider PORT [MS]`
serves on 127.0.0.1 and answers a dial after MS milliseconds. Besides Retell's paths,
`GET /arrivals` tells what came.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
STATUS_WORDS = {200: "OK", 201: "Created", 204: "No Content", 422: "Unprocessable"}


@dataclass
class Book:
    """What arrived, in order, and the calls that were made of it."""

    delay: float = 0.0
    arrivals: list[Json] = field(default_factory=list)
    calls: dict[str, Json] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: bytes, at: float) -> tuple[int, Any]:
        """Answer one request; `at` is when its first byte was read."""
        if path == "/v2/create-phone-call":
            return 201, self.create(json.loads(body), at)
        if path == "/v3/list-calls":
            return 200, self.found(json.loads(body or b"{}"))
        if path.startswith("/v2/get-call/"):
            call = self.calls.get(path.rpartition("/")[2])
            missing = {"status": "error", "message": "The call was not found."}
            return (200, call) if call else (422, missing)
        if path == "/arrivals":
            return 200, self.arrivals
        return 204, None

    def create(self, wish: Json, at: float) -> Json:
        """Note a dial and return the call; every repeat is noted as well."""
        reference = wish.get("idempotency_key", "")
        wall = time.time() - (time.monotonic() - at)
        ends = {name: wish.get(name, "") for name in ("from_number", "to_number")}
        arrival = {"reference": reference, "at": at, "wall": wall, **ends}
        self.arrivals.append(arrival)
        call = {
            "call_id": f"call_{len(self.arrivals):032x}",
            "call_type": "phone_call",
            "call_status": "registered",
            "agent_id": wish.get("override_agent_id", "agent_bench"),
            "agent_version": 0,
            "direction": "outbound",
            **ends,
            "metadata": wish.get("metadata", {}),
            "start_timestamp": int(wall * 1000),
        }
        self.calls[call["call_id"]] = call
        return call

    def found(self, wish: Json) -> Json:
        """Return the calls whose metadata or number is the one asked for, newest first."""
        criteria = wish.get("filter_criteria") or {}
        wanted = {row["key"]: row["value"] for row in criteria.get("metadata", [])}
        number = (criteria.get("to_number") or {}).get("value")
        items = [
            call
            for call in reversed(self.calls.values())
            if wanted.items() <= call["metadata"].items()
            and number in (None, call["to_number"])
        ]
        limit = wish.get("limit", 50)
        return {"items": items[:limit], "has_more": len(items) > limit}


class Line(asyncio.Protocol):
    """One connection; a request may come in pieces, and the next one waits its turn."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.seen = b""
        self.first_byte_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Note the time before anything else; answer what is complete."""
        now = time.monotonic()
        if not self.seen:
            self.first_byte_at = now
        self.seen += data
        while (request := self.next_request()) is not None:
            method, path, body = request
            status, said = self.book.answer(method, path, body, self.first_byte_at)
            wait = self.book.delay if status == 201 else 0.0
            reply = rendered(status, said)
            asyncio.get_running_loop().call_later(wait, self.transport.write, reply)
            self.first_byte_at = now

    def next_request(self) -> tuple[str, str, bytes] | None:
        """Cut the next whole request off what was read; None: not all is there."""
        head, end, rest = self.seen.partition(b"\r\n\r\n")
        if not end:
            return None
        lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines[1:])
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self.seen = rest[length:]
        method, target, _ = lines[0].split(" ")
        return method, target.partition("?")[0], rest[:length]


def rendered(status: int, said: Any) -> bytes:
    """Return an answer as it goes over the wire."""
    body = b"" if said is None else json.dumps(said).encode()
    head = f"HTTP/1.1 {status} {STATUS_WORDS[status]}\r\n"
    if status != 204:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def serve(port: int, book: Book) -> None:
    """Serve until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Line(book), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    delay_ms = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    asyncio.run(serve(int(sys.argv[1]), Book(delay_ms / 1000)))
