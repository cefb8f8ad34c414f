"""Part (a), first half: how fast webhooks are taken, against pgbench's bare inserts."""

import re
import shutil
import subprocess
import uuid
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from bench import events, load, scene
from bench.arena import Figures, Programs
from bench.figures import spread
from calls.models import WebhookEvent
from devkit.servers import postgres_home

LINES = 16
INSERT = """\
INSERT INTO calls_webhookevent (connection_id, event_key, verdict, headers, body,
  received_at, error, attempts)
VALUES (:owner, md5(random()::text) || md5(random()::text), 'signed', :headers,
  :body, now(), '', 0);
"""
SERVERS: dict[str, tuple[str, ...]] = {
    "granian": (),
    "gunicorn": ("--workers", "2", "--worker-class", "gthread", "--threads", "16"),
}


def run(programs: Programs, folder: Path, *, seconds: float = 6.0) -> Figures:
    """Measure both web servers between two runs of pgbench."""
    here, database = scene.build(9, cps=1), programs.env["DATABASE_URL"]
    bare = [pgbench(here, database, folder, seconds / 2)]
    figures: Figures = {}
    for name, options in SERVERS.items():
        if name == "granian":
            program = programs.granian()
        else:
            program = programs.gunicorn(*options)
        figures[name] = measure(here, programs.port, folder, seconds)
        programs.end(program)
        bare.append(pgbench(here, database, folder, seconds / 2))
    mean = sum(bare) / len(bare)
    for taken in figures.values():
        taken["share_of_pgbench"] = round(taken["per_second"] / mean, 3)
    return {"pgbench_per_second": [round(rate) for rate in bare], **figures}


def measure(
    here: scene.Scene, port: int, folder: Path, seconds: float
) -> dict[str, float]:
    """Send distinct signed webhooks for some seconds; return what came of it."""
    load.send(prepared(here, port, 500), port, folder, LINES, 5)
    clear()
    requests = prepared(here, port, int(seconds * 12_000))
    noted = load.send(requests, port, folder, LINES, seconds)
    stored = WebhookEvent.objects.count()
    answered = len(noted["took"])
    if noted["refused"] or stored != answered:
        raise RuntimeError(f"{answered} answers, {stored} stored, {noted['refused']=}")
    rate = {"per_second": round(answered / noted["seconds"])}
    return {**rate, **spread(noted["took"]), "body_bytes": size_of(requests[0])}


def prepared(here: scene.Scene, port: int, count: int) -> list[bytes]:
    """Return webhooks that differ in the call they speak of."""
    path = here.webhook_path
    bodies = (
        events.call_started(f"call_{uuid.uuid4().hex}", str(uuid.uuid4()))
        for _ in range(count)
    )
    return [events.request(path, port, body) for body in bodies]


def size_of(request: bytes) -> int:
    """Return the bytes of the body."""
    return len(request.partition(b"\r\n\r\n")[2])


def clear() -> None:
    """Empty the table, so that every run starts alike."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE calls_webhookevent")
        cursor.execute("CHECKPOINT")


def pgbench(here: scene.Scene, database: str, folder: Path, seconds: float) -> float:
    """Return how many such rows a second pgbench inserts, one at a time."""
    clear()
    script = folder / "insert.sql"
    script.write_text(INSERT)
    body = prepared(here, 1, 1)[0].partition(b"\r\n\r\n")[2].decode()
    headers = '{"user-agent": "Retell", "content-type": "application/json", '
    headers += f'"x-retell-signature": "v=1795000000000,d={"0" * 64}"}}'
    values = {"owner": str(here.connection.pk), "headers": headers, "body": body}
    defined = [part for pair in values.items() for part in ("-D", "=".join(pair))]
    url = urlsplit(database)
    done = subprocess.run(
        [
            pgbench_program(),
            *("-n", "-M", "prepared", "-c", "16", "-j", "2"),
            *("-T", str(round(seconds)), "-f", str(script), *defined),
            f"postgresql://{url.netloc}{url.path}",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    clear()
    return float(found[1]) if found else float("nan")


def pgbench_program() -> str:
    """Return pgbench: the system's, else that of the newest installed server."""
    home = postgres_home()
    found = shutil.which("pgbench")
    if not found and home and (home / "pgbench").exists():
        found = str(home / "pgbench")
    if not found:
        raise RuntimeError("pgbench is not installed; it comes with PostgreSQL.")
    return found
