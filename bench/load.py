"""Sends prepared requests over many keep-alive connections, as fast as answers come.

A process of its own with nothing but one poll loop, so that as little as possible of
the machine goes into asking. `python -m bench.load FILE PORT LINES SECONDS`: FILE holds
pickled requests (bytes); each line sends its next request when the last is answered.
Prints JSON: when each request was sent (wall clock), how long its answer took, and how
many answers were not 2xx.
"""

import json
import pickle
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.arena import PYTHON, ROOT, Figures

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")


class Load:
    """The poll loop, and what it noted."""

    def __init__(self, requests: list[bytes], port: int, lines: int) -> None:
        self.requests = iter(requests)
        self.poll = select.epoll()
        self.lines: dict[int, socket.socket] = {}
        self.sent_at: dict[int, float] = {}
        self.sent: list[float] = []
        self.took: list[float] = []
        self.refused = 0
        # What has come of answers that are not whole yet.
        self.begun: dict[int, bytes] = {}
        for _ in range(lines):
            line = socket.create_connection(("127.0.0.1", port))
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.lines[line.fileno()] = line
            self.poll.register(line, select.EPOLLIN)

    def run(self, seconds: float) -> float:
        """Ask until the time or the requests run out; return how long that took."""
        started = time.perf_counter()
        deadline = started + seconds
        for number, line in self.lines.items():
            self.send(number, line)
        while self.sent_at:
            for number, _ in self.poll.poll():
                self.take(number, time.perf_counter() < deadline)
        return time.perf_counter() - started

    def send(self, number: int, line: socket.socket) -> None:
        """Send the next request on a line, if there is one."""
        request = next(self.requests, None)
        if request is None:
            return
        self.sent.append(time.time())
        self.sent_at[number] = time.perf_counter()
        line.sendall(request)

    def take(self, number: int, goes_on: bool) -> None:
        """Read an answer, which may come in pieces; ask again once it is whole."""
        line = self.lines[number]
        piece = line.recv(65536)
        if not piece:
            raise ConnectionError("The web server closed a connection.")
        answer = self.begun.pop(number, b"") + piece
        if not is_whole(answer):
            self.begun[number] = answer
            return
        self.took.append(time.perf_counter() - self.sent_at.pop(number))
        self.refused += not answer.startswith(b"HTTP/1.1 2")
        if goes_on:
            self.send(number, line)


def is_whole(answer: bytes) -> bool:
    """Tell whether all of an answer has come: as long as it says, or its last chunk."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if said := LENGTH.search(head):
        return len(body) >= int(said[1])
    is_chunked = b"chunked" in head.lower()
    return bool(end) and (not is_chunked or body.endswith(b"0\r\n\r\n"))


def send(
    requests: Sequence[bytes], port: int, folder: Path, lines: int, seconds: float
) -> Figures:
    """Run the load in a process of its own; return what it noted."""
    path = folder / "requests.pickle"
    path.write_bytes(pickle.dumps(list(requests)))
    words = ["-m", "bench.load", str(path), str(port), str(lines), str(seconds)]
    line = [PYTHON, *words]
    done = subprocess.run(line, check=True, cwd=ROOT, stdout=subprocess.PIPE)
    path.unlink()
    noted: Figures = json.loads(done.stdout)
    return noted


def main(path: str, port: str, lines: str, seconds: str) -> None:
    """Do what the arguments say."""
    requests: Any = pickle.loads(Path(path).read_bytes())
    load = Load(requests, int(port), int(lines))
    took = load.run(float(seconds))
    noted = {"sent": load.sent, "took": load.took, "refused": load.refused}
    print(json.dumps({**noted, "seconds": took}))


if __name__ == "__main__":
    main(*sys.argv[1:])
