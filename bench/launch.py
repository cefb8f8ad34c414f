"""Part (d): how fast our API takes launches, against bare inserts of the same row."""

import json
import uuid
from pathlib import Path

from django.db import connection

from bench import load, scene
from bench.arena import Figures, Programs
from bench.figures import spread
from calls.models import Call
from dashboard.models import ApiKey

LINES = 16
# Calls wait in the queue of a number: so many share what the API takes.
NUMBERS = 20
PATHS = {"launch": "/api/v1/calls", "bare": "/api/bare"}
# More than can be taken in a second; sending begins anew with each request.
MOST_A_SECOND = 4_000


def run(programs: Programs, folder: Path, *, seconds: float = 6.0) -> Figures:
    """Measure launches between two measurements of the bare inserts."""
    here = scene.build(9, cps=1)
    _, key, _ = ApiKey.issue(here.workspace, "Bench", ["calls:write"])
    names = [here.number.number]
    for index in range(1, NUMBERS):
        name = f"+162855502{index:02d}"
        scene.add_number(here.connection, here.agent, name, 1)
        names.append(name)
    scene.queue(here.number, 1)
    figures: Figures = {"bare": []}
    for what in ("bare", "launch", "bare"):
        keep_one()
        taken = measure(programs, what, key, names, folder, seconds / 2)
        if what == "bare":
            figures["bare"].append(taken)
        else:
            figures["launch"] = taken
    mean = sum(one["per_second"] for one in figures["bare"]) / len(figures["bare"])
    figures["share_of_bare"] = round(figures["launch"]["per_second"] / mean, 3)
    return figures


def measure(
    programs: Programs,
    what: str,
    key: str,
    names: list[str],
    folder: Path,
    seconds: float,
) -> dict[str, float]:
    """Send distinct launches for some seconds; every one must become a row."""
    settings = {"launch": "dashboard.settings", "bare": "bench.bare_settings"}
    programs.env["DJANGO_SETTINGS_MODULE"] = settings[what]
    server = programs.granian()
    port, path = programs.port, PATHS[what]
    load.send(requests(path, port, key, names, 300), port, folder, LINES, 2)
    before = Call.objects.count()
    wanted = requests(path, port, key, names, int(seconds * MOST_A_SECOND))
    noted = load.send(wanted, port, folder, LINES, seconds)
    programs.end(server)
    written, answered = Call.objects.count() - before, len(noted["took"])
    if noted["refused"] or written != answered:
        raise RuntimeError(f"{answered} answers, {written} calls, {noted['refused']=}")
    rate = {"per_second": round(answered / noted["seconds"])}
    return rate | spread(noted["took"])


def requests(
    path: str, port: int, key: str, names: list[str], count: int
) -> list[bytes]:
    """Return launches as a client sends them, each with a key of its own."""
    return [
        request(path, port, key, names[index % len(names)], index)
        for index in range(count)
    ]


def request(path: str, port: int, key: str, from_number: str, index: int) -> bytes:
    """Return one launch as the bytes of a whole HTTP request."""
    wish = scene.wish(index, from_number)
    body = json.dumps(
        {
            "to_number": wish.to_number,
            "from_number": wish.from_number,
            "agent_id": "agent_bench",
            "variables": wish.variables,
        }
    ).encode()
    own = uuid.uuid4().hex
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {own}\r\nX-Key: {own}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def keep_one() -> None:
    """Leave one call, so that every run starts alike."""
    first = Call.objects.order_by("created_at").values_list("pk", flat=True)[0]
    Call.objects.exclude(pk=first).delete()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE calls_call")
