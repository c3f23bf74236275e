"""Requests to a real server, made and judged by Schemathesis from its own `/openapi.json`.

A first round asks everything that the document says in some way, and some of what it does not; those after it go on
at random.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.fuzz.siege import Siege
from tests.server import ROOT

EXAMPLES = 4
"""Of the first round, to each operation in each phase."""
ROUND_SECS = 30
_LONGEST_SECS = 300


class Found(AssertionError):
    """Schemathesis' own report."""


def search(siege: Siege, seconds: float, seed: int) -> None:
    """Rounds until `seconds` have passed, at least one; raises what has been found."""
    until = time.monotonic() + seconds
    with siege.round():
        _schemathesis(siege.url, "run", "--max-examples", EXAMPLES, "--seed", seed)
    while time.monotonic() < until:
        seed += 1
        with siege.round():
            _schemathesis(siege.url, "fuzz", "--max-time", ROUND_SECS, "--seed", seed)


def _schemathesis(url: str, command: str, *options: object) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/fuzz/schemathesis.toml"),
            *("--no-color", command, f"{url}/openapi.json"),
            *map(str, options),
            *("--generation-database", "none"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *_PACKAGES)))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LONGEST_SECS,
        check=False,
    )
    if done.returncode:
        raise Found(done.stdout)


_PACKAGES = tuple(ROOT / name for name in ("crds", "dataplane", "cli"))
