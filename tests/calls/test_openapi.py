"""Our own API is as its OpenAPI text says: schemathesis looks for where it is not.

Every check is on (`schemathesis.toml`), against a running Switchboard over HTTP.
"""

import subprocess

from bench.arena import BIN, ROOT
from tests.calls.journey import House

SEED, EXAMPLES = "20261121", "12"


def test_schemathesis_finds_no_fault(house: House) -> None:
    settled = house.order("settle", "openapi")
    address = f"{house.client.base_url.join('/api/v1/openapi.json')}"
    options = ["--checks", "all", "--seed", SEED, "--max-examples", EXAMPLES]
    header = f"Authorization: Bearer {settled['key']}"
    done = subprocess.run(
        [str(BIN / "schemathesis"), "run", address, "--header", header, *options],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    faults = done.stdout.partition(" FAILURES ")[2].partition(" WARNINGS ")[0]
    assert done.returncode == 0, faults or done.stdout + done.stderr
